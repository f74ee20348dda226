import { readFileSync } from 'node:fs'

/** Reads recorded output of BuildKit v0.32.2. */
export function readFixture(name: string): Buffer {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url))
}
