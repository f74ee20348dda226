import { readFileSync } from 'node:fs'

/** What BuildKit v0.32.2 wrote, by the name of its file. */
export function readFixture(name: string): Buffer {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url))
}
