import * as api from 'outbound-events';
import { deliverOne } from './deliver-one.mjs';

console.log(await deliverOne(api, process.argv[2]));
