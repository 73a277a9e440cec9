/** Whether an address can be given to any relay: others need SMTPUTF8 (RFC 6531). */
export function isAscii(address: string): boolean {
  return /^[\x20-\x7e]*$/.test(address);
}
