import * as api from 'outbound-events';
import { UndiciTransport } from 'outbound-events/undici';
import { deliverOne } from './deliver-one.mjs';

const http = new UndiciTransport({ allowedNetworks: 'loopback' });
console.log(await deliverOne(api, process.argv[2], { http }));
