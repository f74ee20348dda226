import { appendFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Caller } from './caller.mjs'
import { CommandError } from './command-error.mjs'
import { commands } from './commands/index.mjs'
import { printHelp } from './commands/system.mjs'
import { meetFaults, serviceProblem } from './faults.mjs'
import { parseArgv } from './grammar.mjs'
import { stopAll } from './programs.mjs'
import { openState } from './state.mjs'

// The resident server of the simulator: `node server.mjs HOME`. It ends when its stdin ends.
const home = process.argv[2] ?? '.'
const state = openState(home)

const server = createServer((socket) => {
  new Caller(socket, answer)
})
server.listen(join(home, 'socket'), () => console.log('ready'))
process.stdin.resume().on('end', () => void end())
process.on('SIGTERM', () => void end())

/** @param {Caller} caller */
async function answer(caller) {
  const { argv } = caller
  if (argv[0] === '--control') return await control(caller)
  const parsed = parseArgv(argv, state.release)
  appendFileSync(
    join(home, 'argv.ndjson'),
    `${JSON.stringify({ argv, ...('problem' in parsed && { problem: parsed.problem }) })}\n`,
  )
  if ('problem' in parsed)
    return caller.fail(
      `Error: ${parsed.problem}\nUsage: container <subcommand>\nSee 'container --help' for more information.`,
      64,
    )
  const path = parsed.path.join(' ')
  try {
    await meetFaults(state, caller, path)
    const problem = serviceProblem(state, path)
    if (problem !== undefined) throw new CommandError(problem)
    if (path.endsWith('--help')) {
      printHelp({ state, caller }, path.slice(0, -'--help'.length).trim())
      return caller.exit(0)
    }
    const run = commands[path]
    if (run === undefined) throw new CommandError(`the simulator does not have '${path}'`)
    caller.exit((await run({ state, caller, ...parsed })) ?? 0)
  } catch (error) {
    if (error instanceof CommandError) return caller.fail(`Error: ${error.message}`, error.exitCode)
    caller.fail(`Error: internalError: "the simulator failed: ${error instanceof Error ? error.stack : error}"`, 1)
  }
}

/** Applies a change that a test requests with `--control JSON`. */
async function control(caller) {
  const { faults, service, release, restart } = JSON.parse(caller.argv[1] ?? '{}')
  if (faults !== undefined) state.faults = faults
  if (service !== undefined) state.service = { ...state.service, ...service }
  if (release !== undefined) state.release = release
  if (restart)
    for (const container of state.containers.values()) if (container.state !== 'running') delete container.startedAt
  caller.print(JSON.stringify({ pids: state.pids() }))
  caller.exit(0)
}

async function end() {
  await stopAll(state)
  process.exit(0)
}
