import type { MemoryProgram } from '../memory-program.js'
import { sleep } from '../wait.js'
import { fail, write } from './command-io.js'

/** Commands that end, wait, or tell of their process. */
export const controlCommands: Readonly<Record<string, MemoryProgram>> = {
  true: async () => 0,
  false: async () => 1,
  exit: async ({ argv: [, code = '0'] }) => Number(code),
  sleep: async (process) => {
    const seconds = process.argv
      .slice(1)
      .map((given) => (given === 'infinity' ? Number.MAX_SAFE_INTEGER : Number(given)))
    if (seconds.length === 0 || seconds.some(Number.isNaN)) return await fail(process, 'give a number of seconds')
    const milliseconds = seconds.reduce((sum, value) => sum + value, 0) * 1000
    await sleep(Math.min(milliseconds, longest), process.signal)
    return 0
  },
  env: async ({ env, stdout }) => {
    const lines = Object.entries(env).map(([name, value]) => `${name}=${value}\n`)
    await write(stdout, lines.join(''))
    return 0
  },
  pwd: async ({ workingDirectory, stdout }) => {
    await write(stdout, `${workingDirectory}\n`)
    return 0
  },
  whoami: async ({ user, stdout }) => {
    await write(stdout, `${user.split(':', 1)[0] || 'root'}\n`)
    return 0
  },
  stty: async (process) => {
    const size = process.terminalSize()
    if (!process.terminal) return await fail(process, 'standard input: Not a tty')
    await write(process.stdout, `${size?.height ?? 0} ${size?.width ?? 0}\n`)
    return 0
  },
}

/** The longest delay that Node's timers take. */
const longest = 2 ** 31 - 1
