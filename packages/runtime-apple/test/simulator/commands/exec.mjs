import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { toDrop } from '../capabilities.mjs'
import { CommandError } from '../command-error.mjs'
import { toProcessProblem } from '../process-problem.mjs'
import { startAtTerminal, startProgram } from '../programs.mjs'
import { findUser } from '../users.mjs'

export const execCommands = {
  exec: async ({ state, caller, options, positionals: [id, ...argv] }) => {
    const container = state.containers.get(id)
    if (container === undefined) throw new CommandError(`get failed: container ${id} not found`)
    if (container.state !== 'running') throw new CommandError(`container ${id} is not running`)
    const root = join(state.place('containers', id), 'rootfs')
    const user = findUser(root, options.get('user')?.at(-1) ?? container.process.user)
    const env = [...container.process.env, ...(options.get('env') ?? [])]
    const directory = options.get('workdir')?.at(-1) ?? container.process.directory
    const spec = { root, directory, uid: String(user.uid), gid: String(user.gid), env, argv, drop: toDrop(container) }
    const hasTerminal = options.has('tty')
    if (hasTerminal && options.has('interactive') && caller.size === undefined) {
      throw new CommandError('internalError: "failed to set raw mode: Inappropriate ioctl for device"')
    }
    const begin = hasTerminal ? startAtTerminal : startProgram
    const place = { inside: container.run.pid, size: caller.size }
    const { stdin, stdout, stderr, ended, resize, problem } = await begin(state.home, spec, place)
    if (problem !== undefined) {
      stdin.destroy()
      throw new CommandError(toProcessProblem({ process: randomUUID(), container: id, argv }, problem))
    }
    if (hasTerminal && options.has('interactive')) caller.takeTerminal(resize)
    if (options.has('interactive')) {
      caller.askForInput()
      caller.stdin.pipe(stdin)
    } else stdin.end()
    for (const [kind, stream] of [
      [1, stdout],
      [2, stderr],
    ]) {
      stream.on('data', (chunk) => {
        if (caller.write(kind, chunk)) return
        stream.pause()
        caller.whenDrained(() => stream.resume())
      })
    }
    const code = await ended
    await Promise.all([stdout, stderr].map((stream) => stream.readableEnded || once(stream, 'end')))
    return code
  },
}
