import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import type { Environment } from '@capstan/core/plugin'
import { type SshTarget, toSshArguments } from './ssh-target.js'

/** Connections to an engine, each by an ssh of its own. */
export interface DialStdioServer extends AsyncDisposable {
  /** Resolves when the first ssh ends. */
  readonly firstEnd: Promise<DialStdioEnd>
}

/** How an ssh has ended: what it has written to stderr, and its exit code. */
export interface DialStdioEnd {
  readonly stderr: string
  readonly exitCode: number | null
}

/**
 * Listens on a socket. For each connection it runs `docker system dial-stdio` on the other machine, which docker's client there
 * connects to the engine. https://github.com/docker/cli/blob/master/cli/command/system/dial_stdio.go
 */
export async function serveDialStdio(path: string, options: DialStdioOptions): Promise<DialStdioServer> {
  const programs = new Set<ChildProcess>()
  let onFirstEnd: (end: DialStdioEnd) => void = () => {}
  const firstEnd = new Promise<DialStdioEnd>((resolve) => {
    onFirstEnd = resolve
  })
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const program = connect(socket, options, (end) => {
      onFirstEnd(end)
      programs.delete(program)
    })
    programs.add(program)
  })
  await once(server.listen(path), 'listening')
  return {
    firstEnd,
    async [Symbol.asyncDispose]() {
      server.close()
      const ended = [...programs].map((program) => once(program, 'close'))
      for (const program of programs) program.kill()
      await Promise.all(ended)
    },
  }
}

export interface DialStdioOptions {
  readonly target: SshTarget
  readonly env: Environment
}

function connect(socket: Socket, { target, env }: DialStdioOptions, onEnd: (end: DialStdioEnd) => void): ChildProcess {
  const { socketPath } = target
  const host = socketPath === undefined ? [] : [toShellWord(`--host=unix://${socketPath}`)]
  const argv = [...toSshArguments(target, []), 'docker', ...host, 'system', 'dial-stdio']
  const program = spawn('ssh', argv, { env: { ...env }, detached: true, stdio: 'pipe' })
  let stderr = ''
  program.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-4000)
  })
  program.on('error', (error) => {
    stderr = error.message
  })
  program.on('close', (exitCode) => onEnd({ stderr, exitCode }))
  // An error of one side ends the other one. The client of the socket reports it.
  pipeline(socket, program.stdin).catch(() => {})
  pipeline(program.stdout, socket).catch(() => {})
  socket.on('close', () => program.kill())
  return program
}

/** Quotes a word for the shell of the other machine. */
function toShellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
