import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect } from '../assert/expect.js'
import { eventually } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { otherProcessProgram } from './other-process-program.js'

/**
 * The task of another process, which loads the plugin by its specifier. `lifecycle` runs a container, `streams` has a log, a
 * wait and an attached session open, `discover` only discovers; each then closes the host and prints `closed`.
 * `createContainer` starts a container with the label `conformance.case`, prints `created` and runs until it is killed.
 */
export type ProcessTask = 'lifecycle' | 'streams' | 'discover' | 'createContainer'

export interface OtherProcess {
  /** Waits until the process has printed the word on a separate line. */
  untilPrinted(word: string): Promise<void>
  /** Returns the exit code and stderr; `undefined` while the process runs. */
  ended(): { readonly code: number | null; readonly stderr: string } | undefined
  /** Sends SIGKILL and resolves when the process has exited. */
  kill(): Promise<void>
}

/** Starts the process, which is killed after the case at the latest. */
export async function startOtherProcess(
  context: CaseContext,
  task: ProcessTask,
  { caseLabel = '' }: { readonly caseLabel?: string } = {},
): Promise<OtherProcess> {
  const { specifier = '', plugin, image, programs, env } = context
  const { name: runtime } = plugin
  const input = { kit: import.meta.url, specifier, runtime, image, command: programs.sleep(60), task, caseLabel }
  // The options of this process, such as loaders of a test runner, must not apply to the other process.
  const { NODE_OPTIONS: _, ...rest } = env
  const child = spawn(process.execPath, ['--input-type=module', '--eval', otherProcessProgram, JSON.stringify(input)], {
    env: rest,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr] = [collectText(child.stdout), collectText(child.stderr)]
  const ended = () => {
    const { exitCode, signalCode } = child
    return exitCode === null && signalCode === null ? undefined : { code: exitCode, stderr: stderr() }
  }
  const kill = async () => {
    if (ended() !== undefined) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  context.defer('the other process', kill)
  const hasPrinted = (word: string) => stdout().split('\n').includes(word)
  const untilPrinted = async (word: string) => {
    const isDone = () => (hasPrinted(word) || ended() !== undefined ? true : undefined)
    await eventually(`"${word}" from the other process`, isDone, { timeoutMs: 15_000 })
    expect(hasPrinted(word), `"${word}" from the other process`, { ...ended(), stdout: stdout() })
  }
  return { untilPrinted, ended, kill }
}

function collectText(stream: NodeJS.ReadableStream): () => string {
  let text = ''
  stream.on('data', (chunk) => {
    text += String(chunk)
  })
  return () => text
}
