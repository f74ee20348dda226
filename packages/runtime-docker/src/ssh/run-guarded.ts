import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Environment } from '@capstan/core/plugin'

/** A program that ends with this process. */
export interface GuardedProgram {
  /** Resolves with the exit code when the program has ended and its directory is removed. */
  readonly ended: Promise<number | null>
  /** What it has written to stderr, the last 4000 characters. */
  stderr(): string
  /** Ends the program. Resolves as `ended`. */
  stop(): Promise<void>
}

/**
 * Runs a program in the background until `stop`, or until this process ends in any way, also by SIGKILL. Then `directory` is
 * removed.
 */
export function runGuarded(argv: readonly string[], { env, directory }: GuardOptions): GuardedProgram {
  // A session of its own: Ctrl-C does not end it, since this process may still need it, and ssh has no terminal to ask at.
  const child = spawn('/bin/sh', ['-c', script, 'sh', directory, ...argv], {
    env: { ...env },
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  let text = ''
  child.stderr.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-4000)
  })
  child.stdin.on('error', () => {}) // the program has ended
  const ended = once(child, 'close').then(([code]: (number | null)[]) => code ?? null)
  return {
    ended,
    stderr: () => text,
    async stop() {
      child.stdin.destroy()
      await ended
    },
  }
}

interface GuardOptions {
  readonly env: Environment
  readonly directory: string
}

/** Ends the program when stdin ends, which the kernel closes when this process ends. */
const script = `
directory=$1; shift
exec 3<&0
"$@" </dev/null & program=$!
{ read -r line <&3; kill "$program"; } 2>/dev/null & watch=$!
wait "$program"; code=$?
kill "$watch" 2>/dev/null
rm -rf -- "$directory"
exit "$code"`
