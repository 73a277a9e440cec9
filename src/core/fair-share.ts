/** How many queues each of so many processes works on at most, so that every queue has one and all have about the same. */
export function fairShare(queues: number, holders: number): number {
  return Math.ceil(queues / Math.max(1, holders));
}
