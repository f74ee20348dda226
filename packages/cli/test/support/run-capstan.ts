import type { RuntimePlugin } from '@capstan/core'
import type { PluginSource } from '../../src/host/invocation.js'
import { runProgram } from '../../src/program.js'
import { FakeIo, type FakeIoOptions } from './fake-io.js'

/** Runs one command line in this process with the given plugins. */
export async function runCapstan(
  argv: readonly string[],
  { plugins = [], io, ...options }: RunCapstanOptions = {},
): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
  const used = io ?? new FakeIo(options)
  const source: PluginSource = typeof plugins === 'function' ? plugins : async () => plugins
  const exitCode = await runProgram(argv, { io: used, plugins: source, version: '1.2.3' })
  return { exitCode, stdout: used.stdout.text, stderr: used.stderr.text }
}

export interface RunCapstanOptions extends FakeIoOptions {
  /** A list, or what loads it for the command line. */
  readonly plugins?: readonly RuntimePlugin[] | PluginSource
  readonly io?: FakeIo
}
