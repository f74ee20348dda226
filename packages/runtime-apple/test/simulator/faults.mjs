import { createServer } from 'node:net'
import { CommandError } from './command-error.mjs'

/**
 * Applies the scripted faults to one call. A fault has `on` (the command), `kind`, and optionally how many `times` it applies.
 * Kinds: `hang`, `slow` (`ms`), `warn` (`text`), `drop`, `fail` (`text`, `exitCode`), `garbage` (`text`),
 * `take-port` (`port`), `take-name`.
 */
export async function meetFaults(state, caller, path) {
  for (const fault of state.faults) {
    if (fault.on !== path || fault.times === 0) continue
    if (fault.times !== undefined) fault.times -= 1
    await kinds[fault.kind](fault, { state, caller })
  }
}

const kinds = {
  hang: () => new Promise(() => {}),
  slow: ({ ms }) => new Promise((resolve) => setTimeout(resolve, ms)),
  warn: ({ text }, { caller }) => caller.print(text ?? 'Warning: the server is of another version'),
  drop: (_, { caller }) => {
    caller.drop()
    return new Promise(() => {})
  },
  fail: ({ text, exitCode }) => {
    throw new CommandError(text, exitCode)
  },
  garbage: ({ text }, { caller }) => {
    caller.print(text)
    caller.exit(0)
    return new Promise(() => {})
  },
  // Takes the ports of the container that is about to start.
  'take-port': async (_, { state, caller }) => {
    const container = state.containers.get(caller.argv.at(-1))
    for (const { hostAddress, hostPort } of container?.ports ?? []) {
      const server = createServer()
      await new Promise((resolve) =>
        server.listen(hostPort, hostAddress, () => resolve(undefined)).on('error', resolve),
      )
      state.held.push(server)
    }
  },
  'take-name': (_, { state, caller }) => {
    const name = caller.argv.find((word) => word.startsWith('--name='))?.slice('--name='.length)
    if (name !== undefined) state.addStranger(name)
  },
}

/** The error of every command that needs the service while the service does not run. */
export function serviceProblem({ service }, path) {
  if (path === '' || path.includes('--') || path.startsWith('system')) return undefined
  if (service.status === 'running') return undefined
  return 'interrupted: "XPC connection error: Connection invalid"\nEnsure container system service has been started with `container system start`.'
}
