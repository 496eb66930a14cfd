// When nothing compiles in the background any more.

import { setTimeout as sleep } from 'node:timers/promises';

/** Nothing works in the background when a pause takes less of the processors than a part of it. */
const QUIET = { pause: 50, part: 0.2, atMost: 60_000 };

/** Waits until what compiles in the background is done. */
export async function quiet() {
  for (const end = performance.now() + QUIET.atMost; performance.now() < end;) {
    const before = process.cpuUsage();
    await sleep(QUIET.pause);
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1000 < QUIET.pause * QUIET.part) return;
  }
}
