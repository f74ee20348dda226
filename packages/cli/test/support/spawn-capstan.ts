import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'

/** Starts the compiled command in a separate process. Resolves with any exit code. */
export function spawnCapstan(argv: readonly string[], { env, input = '', isStdinOpen, timeoutMs }: SpawnOptions) {
  if (!existsSync(built)) throw new Error(`${built} is missing: build first, with \`npx tsc -b\``)
  const child = execa(process.execPath, [bin, ...argv], { reject: false, timeout: timeoutMs ?? 45_000, env })
  if (input !== '') child.stdin.write(input)
  if (isStdinOpen !== true) child.stdin.end()
  return child
}

export interface SpawnOptions {
  /** Added to the environment of the test. */
  readonly env: Readonly<Record<string, string>>
  /** The content of stdin. Default: empty. */
  readonly input?: string | Uint8Array
  /** Keeps stdin open, as a terminal does. Default: false. */
  readonly isStdinOpen?: boolean
  readonly timeoutMs?: number
}

/** The path of the command, for a shell or a terminal. */
export const bin: string = fileURLToPath(new URL('../../bin/capstan.js', import.meta.url))
const built = fileURLToPath(new URL('../../dist/bin.js', import.meta.url))
