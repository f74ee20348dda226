import { delay } from '@capstan/core/plugin'
import type { MemoryProcess, MemoryProgram } from '../memory-program.js'
import { fail } from './command-io.js'

/** Commands that end, or wait. */
export const controlCommands: Readonly<Record<string, MemoryProgram>> = {
  exit: async ({ argv: [, code = '0'] }) => Number(code),
  false: async () => 1,
  sleep,
  true: async () => 0,
}

/** `sleep SECONDS…`, `sleep infinity` */
async function sleep(process: MemoryProcess): Promise<number> {
  const [, ...given] = process.argv
  const seconds = given.map((text) => (text === 'infinity' ? Number.MAX_SAFE_INTEGER : Number(text)))
  if (seconds.length === 0 || seconds.some(Number.isNaN)) return await fail(process, 'give a number of seconds')
  const milliseconds = seconds.reduce((sum, value) => sum + value, 0) * 1000
  await delay(Math.min(milliseconds, longest), { signal: process.signal, ref: false })
  return 0
}

/** The longest delay that Node's timers take. */
const longest = 2 ** 31 - 1
