import { PassThrough, Readable, type Writable } from 'node:stream'
import { runtimeCapability } from '@capstan/core'
import { expect, expectEqual, expectIncludes } from '../assert/expect.js'
import { expectHostError, expectReason } from '../assert/expect-rejection.js'
import { eventually, pause, within } from '../assert/wait.js'
import { type CaseDefinition, type ConformanceCase, defineCases } from '../conformance-case.js'
import { collectBytes, toLines } from '../steps/collect.js'
import { createContainer, runAttached, runToExit, startContainer, startReady } from '../steps/containers.js'
import { inBackground } from '../steps/in-background.js'

export const attachCases: readonly ConformanceCase[] = defineCases({ capability: runtimeCapability }, [
  {
    id: 'ATT-001',
    title: 'startAttached gives stdout and stderr apart, and resolves with the exit code',
    run: async (context) => {
      const result = await runAttached(context, { command: context.programs.report('to out', 'to err', 5) })
      const { stdout, stderr, exitCode } = result
      expectEqual({ stdout, stderr, exitCode }, { stdout: 'to out\n', stderr: 'to err\n', exitCode: 5 }, 'the result')
    },
  },
  {
    id: 'ATT-002',
    title: 'nothing of a program that ends at once is lost, twenty runs of twenty',
    timeFactor: 2,
    run: async (context) => {
      const run = async (number: number) => {
        const { stdout, exitCode } = await runAttached(context, {
          command: context.programs.report(`${number}`, '', number),
        })
        return { stdout, exitCode }
      }
      const codes = Array.from({ length: 20 }, (_, number) => number)
      const wanted = codes.map((number) => ({ stdout: `${number}\n`, exitCode: number }))
      expectEqual(await Promise.all(codes.map(run)), wanted, 'the results')
    },
  },
  {
    id: 'ATT-003',
    title: 'with autoRemove it gives all output and the true code, ten runs of ten',
    requiredOptions: ['autoRemove'],
    timeFactor: 2,
    run: async (context) => {
      const run = async (number: number) => {
        const config = { autoRemove: true, command: context.programs.report(`${number}`, '', number) }
        const { stdout, exitCode } = await runAttached(context, config)
        return { stdout, exitCode }
      }
      const codes = Array.from({ length: 10 }, (_, number) => number)
      const wanted = codes.map((number) => ({ stdout: `${number}\n`, exitCode: number }))
      expectEqual(await Promise.all(codes.map(run)), wanted, 'the results')
    },
  },
  {
    id: 'ATT-004',
    title: 'the end of stdin half-closes: a program that counts it prints the true number',
    requiredOptions: ['interactive'],
    run: async (context) => {
      const config = { interactive: true, command: context.programs.count() }
      const { stdout, exitCode } = await runAttached(context, config, { stdin: Readable.from([Buffer.from('abc')]) })
      expectEqual({ stdout: stdout.trim(), exitCode }, { stdout: '3', exitCode: 0 }, 'the result')
    },
  },
  {
    id: 'ATT-005',
    title: 'an empty stdin is an end, too',
    requiredOptions: ['interactive'],
    run: async (context) => {
      const config = { interactive: true, command: context.programs.count() }
      const { stdout } = await runAttached(context, config, { stdin: Readable.from([]) })
      expectEqual(stdout.trim(), '0', 'the count')
    },
  },
  {
    id: 'ATT-006',
    title: 'what goes in comes out: every byte of a megabyte both ways, no deadlock',
    requiredOptions: ['interactive'],
    run: async (context) => {
      const sent = Buffer.alloc(1024 * 1024, everyByte)
      const stdin = Readable.from(toPieces(sent, 10_007))
      const { bytes } = await runAttached(context, { interactive: true, command: context.programs.cat() }, { stdin })
      expect(bytes.equals(sent), `the ${sent.length} bytes that were sent`, `${bytes.length} bytes`)
    },
  },
  {
    id: 'ATT-007',
    title: 'without interactive the program reads the end of stdin at once',
    run: async (context) => {
      const { stdout, exitCode } = await runAttached(context, { command: context.programs.count() })
      expectEqual({ stdout: stdout.trim(), exitCode }, { stdout: '0', exitCode: 0 }, 'the result')
    },
  },
  {
    id: 'ATT-008',
    title: 'a program that ends while more is written ends in its exit code',
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
  {
    id: 'ATT-009',
    title: 'a program that ends needs no end of stdin',
    requiredOptions: ['interactive'],
    run: async (context) => {
      const stdin = new PassThrough()
      const config = { interactive: true, command: context.programs.exit(8) }
      const { exitCode } = await within(10_000, 'the exit code', runAttached(context, config, { stdin }))
      expectEqual(exitCode, 8, 'the exit code')
    },
  },
  {
    id: 'ATT-010',
    title: 'streams are borrowed: the outputs are not ended',
    run: async (context) => {
      const stdout = collectBytes()
      const stderr = collectBytes()
      const id = await createContainer(context, { command: context.programs.report('out', 'err', 0) })
      await context.runtime.startAttached(id, { stdout: stdout.stream, stderr: stderr.stream, signal: context.signal })
      const ended = [stdout, stderr].map(({ stream }) => stream.writableEnded || stream.destroyed)
      expectEqual(ended, [false, false], 'which outputs were ended')
    },
  },
  {
    id: 'ATT-011',
    title: 'a slow output gets all of it, and the code comes after it',
    run: async (context) => {
      const size = 256 * 1024
      const stdout = collectBytes({ delayMs: 5 })
      const id = await createContainer(context, { command: context.programs.burst(size) })
      const exitCode = await context.runtime.startAttached(id, { stdout: stdout.stream, signal: context.signal })
      expectEqual({ exitCode, size: stdout.bytes().length }, { exitCode: 0, size }, 'the result')
    },
  },
  {
    id: 'ATT-012',
    title: 'an output that nobody gave does not hold up the other',
    run: async (context) => {
      const stdout = collectBytes()
      const id = await createContainer(context, { command: context.programs.report('to out', 'to err', 0) })
      const exitCode = await context.runtime.startAttached(id, { stdout: stdout.stream, signal: context.signal })
      expectEqual({ exitCode, text: stdout.text() }, { exitCode: 0, text: 'to out\n' }, 'the result')
    },
  },
  {
    id: 'ATT-013',
    title: 'startAttached of a missing command is COMMAND_NOT_STARTED with 127',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.missing() })
      const start = () => context.runtime.startAttached(id, { stdout: collectBytes().stream })
      await expectHostError('COMMAND_NOT_STARTED', start, { exitCode: 127 })
    },
  },
  {
    id: 'ATT-014',
    title: 'aborting startAttached rejects with the very reason, and what it started does not go on',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.announce('begun') })
      const controller = new AbortController()
      const stdout = collectBytes()
      const options = { stdout: stdout.stream, signal: controller.signal }
      const running = inBackground(context.runtime.startAttached(id, options).catch((error: unknown) => error))
      await eventually('the first output', () => (stdout.text().includes('begun') ? true : undefined))
      const reason = new Error('seen enough')
      controller.abort(reason)
      const error = await within(15_000, 'the rejection', running.result)
      expect(error === reason, 'the very reason', error)
      const isOver = async () => ((await context.runtime.containerState(id)) === 'running' ? undefined : true)
      await eventually('a container that does not run', isOver, { timeoutMs: 15_000 })
    },
  },
  {
    id: 'ATT-015',
    title: 'attach gives what a running program prints from now on, until its end',
    run: async (context) => {
      const id = await startReady(context, { command: context.programs.pause('before', 'after') }, 'before')
      const stdout = collectBytes()
      await context.runtime.attach(id, { stdout: stdout.stream, signal: context.signal })
      expectIncludes(stdout.text(), 'after\n', 'the output')
    },
  },
  {
    id: 'ATT-016',
    title: 'attach brings stdin to a running program, and its end',
    requiredOptions: ['interactive'],
    run: async (context) => {
      const id = await startContainer(context, { interactive: true, command: context.programs.cat() })
      const stdout = collectBytes()
      const stdin = Readable.from([Buffer.from('to and fro')])
      await context.runtime.attach(id, { stdin, stdout: stdout.stream, signal: context.signal })
      expectEqual(stdout.text(), 'to and fro', 'the output')
      expectEqual(await context.runtime.waitContainer(id), 0, 'the exit code')
    },
  },
  {
    id: 'ATT-017',
    title: 'aborting attach rejects with the very reason, and the container goes on',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      const controller = new AbortController()
      const options = { stdout: collectBytes().stream, signal: controller.signal }
      const attached = inBackground(context.runtime.attach(id, options))
      await pause(200)
      const reason = new Error('seen enough')
      controller.abort(reason)
      await expectReason(reason, () => within(5000, 'the rejection', attached.result))
      expectEqual(await context.runtime.containerState(id), 'running', 'the state')
    },
  },
  {
    id: 'ATT-018',
    title: 'attach to a container that was never started is NOT_RUNNING with its state',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.exit(0) })
      const attach = () => context.runtime.attach(id, { stdout: collectBytes().stream })
      await expectHostError('NOT_RUNNING', attach, { id, state: 'created' })
    },
  },
  {
    id: 'ATT-019',
    title: 'attach to a container that has exited is NOT_RUNNING with its state',
    run: async (context) => {
      const { id } = await runToExit(context, { command: context.programs.exit(0) })
      const attach = () => context.runtime.attach(id, { stdout: collectBytes().stream })
      await expectHostError('NOT_RUNNING', attach, { id, state: 'exited' })
    },
  },
  {
    id: 'ATT-020',
    title: 'two that are attached get the same output',
    run: async (context) => {
      const id = await startReady(context, { command: context.programs.pause('before', 'after') }, 'before')
      const outputs = [collectBytes(), collectBytes()]
      const attach = ({ stream }: { readonly stream: Writable }) =>
        context.runtime.attach(id, { stdout: stream, signal: context.signal })
      await Promise.all(outputs.map(attach))
      for (const { text } of outputs) expectIncludes(text(), 'after\n', 'the output of each')
    },
  },
  {
    id: 'ATT-021',
    title: 'attach joins a container that another process started',
    requiredOptions: ['foreignContainers.output'],
    run: async (context) => {
      const { runtime: other } = await context.open()
      const id = await startReady(context, { command: context.programs.pause('before', 'after') }, 'before')
      const stdout = collectBytes()
      await other.attach(id, { stdout: stdout.stream, signal: context.signal })
      expectIncludes(stdout.text(), 'after\n', 'the output')
    },
  },
  {
    id: 'ATT-022',
    title: 'with a terminal both outputs come as one on stdout',
    requiredOptions: ['tty'],
    run: async (context) => {
      const config = { tty: true, command: context.programs.report('to out', 'to err', 0) }
      const { stdout, stderr } = await runAttached(context, config)
      expectEqual({ lines: toLines(stdout), stderr }, { lines: ['to out', 'to err'], stderr: '' }, 'the output')
    },
  },
  {
    id: 'ATT-023',
    title: 'a stdin that fails ends the session with an error: what came of it does not pass for the whole',
    requiredOptions: ['interactive'],
    run: async (context) => {
      const id = await createContainer(context, { interactive: true, command: context.programs.cat() })
      const stdin = new PassThrough()
      const stdout = collectBytes()
      const session = context.runtime.startAttached(id, { stdin, stdout: stdout.stream, signal: context.signal })
      const { result } = inBackground(session)
      stdin.write('the begin\n')
      await eventually('the begin of the input', () => stdout.text().includes('the begin') || undefined)
      stdin.destroy(new Error('the input has failed'))
      const ended = result.then(
        (exitCode) => `it resolves with ${exitCode}`,
        () => undefined,
      )
      expectEqual(await within(15_000, 'the end of the session', ended), undefined, 'what the session comes to')
    },
  },
  endsTerminalInput('ATT-024', 'a line', 'abc\n'),
  endsTerminalInput('ATT-025', 'a line and a part of one', 'abc\nde'),
  endsTerminalInput('ATT-026', 'nothing', ''),
  {
    id: 'ATT-027',
    title: 'attach at a terminal reads on after the end of its stdin',
    requiredOptions: ['tty', 'interactive'],
    run: async (context) => {
      const id = await startContainer(context, { tty: true, interactive: true, command: context.programs.count() })
      const stdout = collectBytes()
      const stdin = Readable.from([Buffer.from('abc\n')])
      await context.runtime.attach(id, { stdin, stdout: stdout.stream, signal: context.signal })
      expectEqual(stdout.text().trimEnd().at(-1), '4', 'the end of the output')
    },
  },
])

/** A terminal echoes what is typed; what the program prints after the end of its input comes last. */
function endsTerminalInput(id: string, sent: string, text: string): CaseDefinition {
  return {
    id,
    title: `at a terminal the end of a stdin of ${sent} is end-of-file, and the output after it comes`,
    requiredOptions: ['tty', 'interactive'],
    run: async (context) => {
      const config = { tty: true, interactive: true, command: context.programs.count() }
      const container = await createContainer(context, config)
      const stdout = collectBytes()
      const options = { stdin: Readable.from([Buffer.from(text)]), stdout: stdout.stream, signal: context.signal }
      expectEqual(await context.runtime.startAttached(container, options), 0, 'the exit code')
      expectEqual(stdout.text().trimEnd().at(-1), String(text.length), 'the end of the output')
    },
  }
}

function* toPieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

// An odd number of them: no block size of a transport fits.
const everyByte = Buffer.from(Array.from({ length: 257 }, (_, index) => (index * 31) % 256))
