// Starts a server, says where its data is, and runs until it is ended.
import { Client } from 'pg';
import { startServer } from '../server.ts';

const server = await startServer();
const client = new Client(server.config);
await client.connect();
const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory');
console.log(rows[0]?.data_directory);
