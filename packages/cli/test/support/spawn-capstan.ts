import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'

/** The command as it is installed: a process of its own, from dist. Ends without a rejection, with whatever code. */
export function spawnCapstan(argv: readonly string[], { env, input = '', isStdinOpen, timeoutMs }: SpawnOptions) {
  if (!existsSync(built)) throw new Error(`${built} is missing: build first, with \`npx tsc -b\``)
  const child = execa(process.execPath, [bin, ...argv], { reject: false, timeout: timeoutMs ?? 45_000, env })
  if (input !== '') child.stdin.write(input)
  if (isStdinOpen !== true) child.stdin.end()
  return child
}

export interface SpawnOptions {
  /** Beside that of the test. */
  readonly env: Readonly<Record<string, string>>
  /** What stands on stdin. Default: nothing. */
  readonly input?: string
  /** Leaves stdin open, as a terminal does. Default: it ends. */
  readonly isStdinOpen?: boolean
  readonly timeoutMs?: number
}

/** Where the command is, for a shell or a terminal that runs it. */
export const bin: string = fileURLToPath(new URL('../../bin/capstan.js', import.meta.url))
const built = fileURLToPath(new URL('../../dist/bin.js', import.meta.url))
