import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { setUpHome } from './set-up.mjs'

/**
 * @typedef {object} Release
 * @property {string} version
 * @property {number} macos
 *
 * @typedef {object} SimulatorOptions
 * @property {Release} [release] default: 1.2 on macOS 26
 * @property {{ readonly kernel?: boolean, readonly status?: string, readonly version?: string }} [service]
 *
 * @typedef {object} SimulatorChange
 * @property {readonly object[]} [faults] see faults.mjs
 * @property {object} [service]
 * @property {boolean} [restart] makes the service forget what a restart forgets
 *
 * @typedef {object} SimulatorCall
 * @property {readonly string[]} argv
 * @property {string} [problem] why the grammar rejects it
 *
 * @typedef {object} Simulator a simulated Mac with Apple's command and its service
 * @property {string} command path of `container`
 * @property {string} home
 * @property {string} image
 * @property {() => readonly SimulatorCall[]} calls each call with its argv
 * @property {() => readonly SimulatorCall[]} takeProblems returns the calls that the grammar rejects; `close` then accepts them
 * @property {(change: SimulatorChange) => Promise<{ readonly pids: readonly number[] }>} control
 * @property {() => Promise<void>} close rejects if the grammar rejected a call
 */

/** The releases that are tested. */
export const releases = {
  '0.12 on macOS 15': { version: '0.12.3', macos: 15 },
  '0.12 on macOS 26': { version: '0.12.3', macos: 26 },
  '1.2 on macOS 15': { version: '1.2.2', macos: 15 },
  '1.2 on macOS 26': { version: '1.2.2', macos: 26 },
}

/**
 * @param {SimulatorOptions} [options]
 * @returns {Promise<Simulator>}
 */
export async function startSimulator({ release = releases['1.2 on macOS 26'], service = {} } = {}) {
  const home = mkdtempSync(join(tmpdir(), 'capstan-simulator-'))
  setUpHome(home, { release, service, image: `docker.io/${image}` })
  const server = fileURLToPath(new URL('./server.mjs', import.meta.url))
  // The server ends with this process, because its stdin does.
  const child = spawn(process.execPath, [server, home], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  const command = join(home, 'container')
  let expected = 0
  const calls = () => {
    const lines = readFileSync(join(home, 'argv.ndjson'), 'utf8').split('\n')
    return lines.filter((line) => line !== '').map((line) => /** @type {SimulatorCall} */ (JSON.parse(line)))
  }
  const problems = () => calls().filter(({ problem }) => problem !== undefined)
  return {
    command,
    home,
    image,
    calls,
    takeProblems: () => {
      expected = problems().length
      return problems()
    },
    control: async (change) => JSON.parse((await run(command, ['--control', JSON.stringify(change)])).stdout),
    close: async () => {
      const closed = once(child, 'exit')
      child.stdin.end()
      await closed
      const wrong = problems().slice(expected)
      rmSync(home, { recursive: true, force: true })
      if (wrong.length > 0) throw new Error(`the grammar rejects: ${JSON.stringify(wrong, undefined, 2)}`)
    },
  }
}

const run = promisify(execFile)
const image = 'capstan-test/busybox:1'
