import { PassThrough, Readable } from 'node:stream'
import { type AttachOptions, type Runtime, runtimeCapability } from '@capstan/core'
import { expect, expectEqual, expectIncludes } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import { eventually, within } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { type CaseDefinition, type ConformanceCase, defineCases } from '../conformance-case.js'
import { expectAborts } from '../steps/abort.js'
import { collectBytes, createMegabyte, toLines } from '../steps/collect.js'
import {
  type CaseConfig,
  createContainer,
  expectNumberedRuns,
  runAttached,
  runToExit,
  startContainer,
  startReady,
} from '../steps/containers.js'
import { inBackground } from '../steps/in-background.js'

export const attachCases: readonly ConformanceCase[] = defineCases(runtimeCapability, {
  'ATT-001': {
    title: 'startAttached separates stdout and stderr and resolves with the exit code',
    run: async (context) => {
      const result = await runAttached(context, { command: context.programs.printBoth('to out', 'to err', 5) })
      const { stdout, stderr, exitCode } = result
      expectEqual({ stdout, stderr, exitCode }, { stdout: 'to out\n', stderr: 'to err\n', exitCode: 5 }, 'the result')
    },
  },
  'ATT-002': givesAllOutput(20, 'startAttached gives all output of a program that exits at once, in twenty runs', {}),
  'ATT-003': {
    ...givesAllOutput(10, 'startAttached with autoRemove gives all output and the exit code, in ten runs', {
      autoRemove: true,
    }),
    requiredOptions: ['autoRemove'],
  },
  'ATT-004': {
    title: 'the end of stdin closes only stdin: a program that counts its input prints the number',
    requiredOptions: ['interactive'],
    run: async (context) => {
      const config = { interactive: true, command: context.programs.count() }
      const { stdout, exitCode } = await runAttached(context, config, { stdin: Readable.from([Buffer.from('abc')]) })
      expectEqual({ stdout: stdout.trim(), exitCode }, { stdout: '3', exitCode: 0 }, 'the result')
    },
  },
  'ATT-005': {
    title: 'an empty stdin gives the program end-of-file',
    requiredOptions: ['interactive'],
    run: async (context) => {
      const config = { interactive: true, command: context.programs.count() }
      const { stdout } = await runAttached(context, config, { stdin: Readable.from([]) })
      expectEqual(stdout.trim(), '0', 'the count')
    },
  },
  'ATT-006': {
    title: 'startAttached copies a megabyte of every byte value in and out without deadlock',
    requiredOptions: ['interactive'],
    run: async (context) => {
      const sent = createMegabyte()
      const stdin = Readable.from(toPieces(sent, 10_007))
      const { bytes } = await runAttached(context, { interactive: true, command: context.programs.cat() }, { stdin })
      expect(bytes.equals(sent), `the ${sent.length} bytes that were sent`, `${bytes.length} bytes`)
    },
  },
  'ATT-007': {
    title: 'the program reads end-of-file at once without interactive',
    run: async (context) => {
      const { stdout, exitCode } = await runAttached(context, { command: context.programs.count() })
      expectEqual({ stdout: stdout.trim(), exitCode }, { stdout: '0', exitCode: 0 }, 'the result')
    },
  },
  'ATT-008': {
    title: 'startAttached resolves with the exit code when the program exits while stdin is being written',
    requiredOptions: ['interactive'],
    run: async (context) => {
      const line = Buffer.from(`${'x'.repeat(1023)}\n`)
      const stdin = Readable.from(Array.from({ length: 2000 }, () => line))
      stdin.on('error', () => {})
      const config = { interactive: true, command: context.programs.firstLine(6) }
      const { exitCode } = await within(15_000, 'the exit code', runAttached(context, config, { stdin }))
      expectEqual(exitCode, 6, 'the exit code')
    },
  },
  'ATT-009': {
    title: 'startAttached resolves when the program exits before the end of stdin',
    requiredOptions: ['interactive'],
    run: async (context) => {
      const stdin = new PassThrough()
      const config = { interactive: true, command: context.programs.exit(8) }
      const { exitCode } = await within(10_000, 'the exit code', runAttached(context, config, { stdin }))
      expectEqual(exitCode, 8, 'the exit code')
    },
  },
  'ATT-010': {
    title: 'startAttached does not end the output streams of the caller',
    run: async (context) => {
      const stdout = collectBytes()
      const stderr = collectBytes()
      const id = await createContainer(context, { command: context.programs.printBoth('out', 'err', 0) })
      await context.runtime.startAttached(id, { stdout: stdout.stream, stderr: stderr.stream, signal: context.signal })
      const ended = [stdout, stderr].map(({ stream }) => stream.writableEnded || stream.destroyed)
      expectEqual(ended, [false, false], 'which outputs were ended')
    },
  },
  'ATT-011': {
    title: 'a slow output stream gets all output before startAttached resolves',
    run: async (context) => {
      const size = 256 * 1024
      const stdout = collectBytes({ delayMs: 5 })
      const id = await createContainer(context, { command: context.programs.repeatLine(size) })
      const exitCode = await context.runtime.startAttached(id, { stdout: stdout.stream, signal: context.signal })
      expectEqual({ exitCode, size: stdout.bytes().length }, { exitCode: 0, size }, 'the result')
    },
  },
  'ATT-012': {
    title: 'an output that was not requested does not block the other',
    run: async (context) => {
      const stdout = collectBytes()
      const id = await createContainer(context, { command: context.programs.printBoth('to out', 'to err', 0) })
      const exitCode = await context.runtime.startAttached(id, { stdout: stdout.stream, signal: context.signal })
      expectEqual({ exitCode, text: stdout.text() }, { exitCode: 0, text: 'to out\n' }, 'the result')
    },
  },
  'ATT-013': {
    title: 'startAttached rejects with COMMAND_NOT_STARTED and 127 when the image lacks the command',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.missing() })
      const start = () => context.runtime.startAttached(id, { stdout: collectBytes().stream })
      await expectHostError('COMMAND_NOT_STARTED', start, { exitCode: 127 })
    },
  },
  'ATT-014': {
    title: 'aborting startAttached rejects with the reason itself and stops the container',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.echoThenSleep('started') })
      const stdout = collectBytes()
      await expectAborts((options) => context.runtime.startAttached(id, { stdout: stdout.stream, ...options }), {
        until: () => eventually('the first output', () => stdout.text().includes('started') || undefined),
        limitMs: 15_000,
      })
      const isOver = async () => ((await context.runtime.containerState(id)) === 'running' ? undefined : true)
      await eventually('a container that does not run', isOver, { timeoutMs: 15_000 })
    },
  },
  'ATT-015': {
    title: 'attach gives the later output of a running program until its exit',
    run: async (context) => {
      const id = await startReady(context, { command: context.programs.printTwice('before', 'after') }, 'before')
      expectIncludes(await readAttached(context, id), 'after\n', 'the output')
    },
  },
  'ATT-016': {
    title: 'attach sends stdin and its end to a running program',
    requiredOptions: ['interactive'],
    run: async (context) => {
      const id = await startContainer(context, { interactive: true, command: context.programs.cat() })
      const stdin = Readable.from([Buffer.from('sent and received')])
      expectEqual(await readAttached(context, id, { stdin }), 'sent and received', 'the output')
      expectEqual(await context.runtime.waitContainer(id), 0, 'the exit code')
    },
  },
  'ATT-017': {
    title: 'aborting attach rejects with the reason itself and does not stop the container',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      await expectAborts((options) => context.runtime.attach(id, { stdout: collectBytes().stream, ...options }))
      expectEqual(await context.runtime.containerState(id), 'running', 'the state')
    },
  },
  'ATT-018': {
    title: 'attach rejects with NOT_RUNNING and the state when the container was never started',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.exit(0) })
      const attach = () => context.runtime.attach(id, { stdout: collectBytes().stream })
      await expectHostError('NOT_RUNNING', attach, { id, state: 'created' })
    },
  },
  'ATT-019': {
    title: 'attach rejects with NOT_RUNNING and the state when the container has exited',
    run: async (context) => {
      const { id } = await runToExit(context, { command: context.programs.exit(0) })
      const attach = () => context.runtime.attach(id, { stdout: collectBytes().stream })
      await expectHostError('NOT_RUNNING', attach, { id, state: 'exited' })
    },
  },
  'ATT-020': {
    title: 'two attached sessions get the same output',
    run: async (context) => {
      const id = await startReady(context, { command: context.programs.printTwice('before', 'after') }, 'before')
      const outputs = await Promise.all([readAttached(context, id), readAttached(context, id)])
      for (const output of outputs) expectIncludes(output, 'after\n', 'the output of each')
    },
  },
  'ATT-021': {
    title: 'attach works on a container that another open runtime started',
    requiredOptions: ['foreignContainers.output'],
    run: async (context) => {
      const { runtime: other } = await context.open()
      // Connects to an engine on another machine, which may take longer than the program runs.
      await other.ping()
      const id = await startReady(context, { command: context.programs.printTwice('before', 'after') }, 'before')
      expectIncludes(await readAttached(context, id, {}, other), 'after\n', 'the output')
    },
  },
  'ATT-022': {
    title: 'a container with a terminal sends both outputs to stdout',
    requiredOptions: ['tty'],
    run: async (context) => {
      const config = { tty: true, command: context.programs.printBoth('to out', 'to err', 0) }
      const { stdout, stderr } = await runAttached(context, config)
      expectEqual({ lines: toLines(stdout), stderr }, { lines: ['to out', 'to err'], stderr: '' }, 'the output')
    },
  },
  'ATT-023': {
    title: 'startAttached rejects when reading stdin fails, because the program gets only a part of the input',
    requiredOptions: ['interactive'],
    run: async (context) => {
      const id = await createContainer(context, { interactive: true, command: context.programs.cat() })
      const stdin = new PassThrough()
      const stdout = collectBytes()
      const session = context.runtime.startAttached(id, { stdin, stdout: stdout.stream, signal: context.signal })
      const { result } = inBackground(session)
      stdin.write('the beginning\n')
      await eventually('the first part of the input', () => stdout.text().includes('the beginning') || undefined)
      stdin.destroy(new Error('the input has failed'))
      const ended = result.then(
        (exitCode) => `it resolves with ${exitCode}`,
        () => undefined,
      )
      expectEqual(await within(15_000, 'the end of the session', ended), undefined, 'the result of the session')
    },
  },
  'ATT-024': endsTerminalInput('a line', 'abc\n'),
  'ATT-025': endsTerminalInput('a line and a partial line', 'abc\nde'),
  'ATT-026': endsTerminalInput('nothing', ''),
  'ATT-027': {
    title: 'attach to a terminal gives output after the end of stdin',
    requiredOptions: ['tty', 'interactive'],
    run: async (context) => {
      const id = await startContainer(context, { tty: true, interactive: true, command: context.programs.count() })
      const output = await readAttached(context, id, { stdin: Readable.from([Buffer.from('abc\n')]) })
      expectEqual(output.trimEnd().at(-1), '4', 'the end of the output')
    },
  },
})

/** A terminal echoes the input, so only the end of the output is compared. */
function endsTerminalInput(sent: string, text: string): CaseDefinition {
  return {
    title: `the end of stdin after ${sent} is end-of-file at a terminal, and later output arrives`,
    requiredOptions: ['tty', 'interactive'],
    run: async (context) => {
      const config = { tty: true, interactive: true, command: context.programs.count() }
      const { stdout, exitCode } = await runAttached(context, config, { stdin: Readable.from([Buffer.from(text)]) })
      expectEqual(exitCode, 0, 'the exit code')
      expectEqual(stdout.trimEnd().at(-1), String(text.length), 'the end of the output')
    },
  }
}

/** The program of each run, all of which are concurrent, prints its number and exits with it. */
function givesAllOutput(runs: number, title: string, config: CaseConfig): CaseDefinition {
  return {
    title,
    timeLimitFactor: 2,
    run: async (context) =>
      await expectNumberedRuns(runs, (number) =>
        runAttached(context, { ...config, command: context.programs.printBoth(`${number}`, '', number) }),
      ),
  }
}

/** Attaches to a running container and returns the output until the end of the session. */
async function readAttached(
  { runtime, signal }: CaseContext,
  id: string,
  options: AttachOptions = {},
  attached: Runtime = runtime,
): Promise<string> {
  const stdout = collectBytes()
  await attached.attach(id, { stdout: stdout.stream, signal, ...options })
  return stdout.text()
}

function* toPieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
