import { type LogChunk, type LogOptions, runtimeCapability } from '@capstan/core'
import { expect, expectDefined, expectEqual, expectIncludes } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import { pause, within } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { type CaseDefinition, type ConformanceCase, defineCases } from '../conformance-case.js'
import { createContainer, runAttached, runToExit, startContainer, startReady } from '../steps/containers.js'
import { inBackground } from '../steps/in-background.js'
import { readLogs, readLogText, toLogBytes, toLogText } from '../steps/logs.js'

export const logCases: readonly ConformanceCase[] = defineCases(runtimeCapability, {
  'LOG-001': givesLines('containerLogs gives all output of an exited program and then ends', 100, {}, numbers(1, 100)),
  'LOG-002': {
    title: 'containerLogs without follow ends while the program runs',
    run: async (context) => {
      const id = await startReady(context, { command: context.programs.echoThenSleep('so far') }, 'so far')
      expectEqual(toLogText(await within(5000, 'the end of the log', logsOf(context, id))), 'so far\n', 'the log')
    },
  },
  'LOG-003': {
    title: 'containerLogs with follow gives later output and ends when the program exits',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.printTwice('first', 'second') })
      expectEqual(toLogText(await logsOf(context, id, { follow: true })), 'first\nsecond\n', 'the log')
    },
  },
  'LOG-004': {
    title: 'containerLogs resolves at once when the container has printed nothing',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      const opening = context.runtime.containerLogs(id, { follow: true, signal: context.signal })
      const stream = await within(5000, 'the log stream', opening)
      await stream[Symbol.asyncDispose]()
    },
  },
  'LOG-005': {
    title: 'containerLogs with follow gives the whole log of an exited container and ends',
    run: async (context) => {
      const { id } = await runToExit(context, { command: context.programs.lines(10) })
      const read = within(5000, 'the end of the log', logsOf(context, id, { follow: true }))
      expectEqual(toLogText(await read), numbers(1, 10), 'the log')
    },
  },
  'LOG-006': givesLines('tailLines gives only the last lines', 50, { tailLines: 3 }, numbers(48, 50)),
  'LOG-007': givesLines('tailLines 0 gives no earlier output', 5, { tailLines: 0 }, ''),
  'LOG-008': givesLines('tailLines above the number of lines gives all lines', 5, { tailLines: 100 }, numbers(1, 5)),
  'LOG-009': {
    title: 'tailLines with follow gives the last lines and then later output',
    run: async (context) => {
      const id = await startReady(context, { command: context.programs.printTwice('first', 'second') }, 'first')
      expectEqual(toLogText(await logsOf(context, id, { tailLines: 0, follow: true })), 'second\n', 'the log')
    },
  },
  'LOG-010': {
    title: 'timestamps are RFC 3339 with nanoseconds and do not decrease',
    requiredOptions: ['logs.timestamps'],
    run: async (context) => {
      const { id } = await runToExit(context, { command: context.programs.lines(20) })
      const stamps = (await logsOf(context, id, { timestamps: true })).map(toStamp)
      const wrong = stamps.filter((stamp) => !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(Z|[+-]\d\d:\d\d)$/.test(stamp))
      expectEqual(wrong, [], 'timestamps of another form')
      expectEqual(stamps, stamps.toSorted(), 'the timestamps')
    },
  },
  'LOG-011': {
    title: 'timestamps are not part of the bytes, and are absent unless requested',
    requiredOptions: ['logs.timestamps'],
    run: async (context) => {
      const { id } = await runToExit(context, { command: context.programs.echo('plain') })
      expectEqual(toLogText(await logsOf(context, id, { timestamps: true })), 'plain\n', 'the bytes')
      const stamped = (await logsOf(context, id)).filter(({ timestamp }) => timestamp !== undefined)
      expectEqual(stamped, [], 'chunks with a timestamp')
    },
  },
  'LOG-012': {
    title: 'since with the text of a timestamp starts at that line, to the nanosecond',
    requiredOptions: ['logs.since', 'logs.timestamps'],
    run: async (context) => {
      const { id } = await runToExit(context, { command: context.programs.printTwice('before', 'after') })
      const chunks = await logsOf(context, id, { timestamps: true })
      const after = chunks.find(({ bytes }) => Buffer.from(bytes).toString().includes('after'))
      const since = toStamp(expectDefined(after, 'the second line'))
      expectEqual(toLogText(await logsOf(context, id, { since })), 'after\n', 'the log')
    },
  },
  'LOG-013': {
    title: 'since with a Date leaves out earlier output',
    requiredOptions: ['logs.since', 'logs.timestamps'],
    run: async (context) => {
      const { id } = await runToExit(context, { command: context.programs.printTwice('before', 'after') })
      const [first] = await logsOf(context, id, { timestamps: true })
      const start = Date.parse(toStamp(expectDefined(first, 'the first line')))
      expectEqual(toLogText(await logsOf(context, id, { since: new Date(start + 500) })), 'after\n', 'the log')
    },
  },
  'LOG-014': {
    title: 'each chunk names its source, stdout or stderr',
    requiredOptions: ['logs.split'],
    run: async (context) => {
      const { id } = await runToExit(context, { command: context.programs.printBoth('to out', 'to err', 0) })
      const chunks = await logsOf(context, id)
      expectEqual(toLogText(chunks, 'stdout'), 'to out\n', 'the stdout chunks')
      expectEqual(toLogText(chunks, 'stderr'), 'to err\n', 'the stderr chunks')
    },
  },
  'LOG-015': {
    title: 'containerLogs with stderr false gives only stdout',
    requiredOptions: ['logs.split'],
    run: async (context) => {
      const { id } = await runToExit(context, { command: context.programs.printBoth('to out', 'to err', 0) })
      expectEqual(toLogText(await logsOf(context, id, { stderr: false })), 'to out\n', 'the log')
    },
  },
  'LOG-016': {
    title: 'containerLogs with stdout false gives only stderr',
    requiredOptions: ['logs.split'],
    run: async (context) => {
      const { id } = await runToExit(context, { command: context.programs.printBoth('to out', 'to err', 0) })
      expectEqual(toLogText(await logsOf(context, id, { stdout: false })), 'to err\n', 'the log')
    },
  },
  'LOG-017': {
    title: 'the log contains binary output unchanged',
    requiredOptions: ['logs.binary'],
    run: async (context) => {
      const { id } = await runToExit(context, { command: context.programs.bytes() })
      const wanted = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
      expectEqual(toLogBytes(await logsOf(context, id)).toString('hex'), wanted.toString('hex'), 'the bytes')
    },
  },
  'LOG-018': {
    title: 'the log contains multi-byte characters unchanged',
    run: async (context) => {
      const text = 'grüße, 世界, 🐳'
      const { id } = await runToExit(context, { command: context.programs.echo(text) })
      expectEqual(toLogText(await logsOf(context, id)), `${text}\n`, 'the log')
    },
  },
  'LOG-019': {
    title: 'the log of a program that exits at once is complete in twenty runs',
    timeLimitFactor: 2,
    run: async (context) => {
      const run = async (number: number) => {
        const { id } = await runToExit(context, { command: context.programs.echo(`short ${number}`) })
        return await readLogText(context, id)
      }
      const wanted = Array.from({ length: 20 }, (_, number) => number)
      expectEqual(
        await Promise.all(wanted.map(run)),
        wanted.map((number) => `short ${number}\n`),
        'the logs',
      )
    },
  },
  'LOG-020': {
    title: 'the log of a container with a terminal is one combined stream',
    requiredOptions: ['tty'],
    run: async (context) => {
      const command = context.programs.printBoth('to out', 'to err', 0)
      const { id } = await runToExit(context, { tty: true, command })
      const chunks = await logsOf(context, id)
      expectEqual([...new Set(chunks.map(({ source }) => source))], ['combined'], 'the sources')
      expectIncludes(toLogText(chunks), 'to out\r\nto err\r\n', 'the log')
    },
  },
  'LOG-021': {
    title: 'a slow reader gets the whole log once and in order',
    timeLimitFactor: 2,
    run: async (context) => {
      const size = 1024 * 1024
      const id = await startContainer(context, { command: context.programs.repeatLine(size) })
      const stream = await context.runtime.containerLogs(id, { follow: true, signal: context.signal })
      const chunks: LogChunk[] = []
      for await (const chunk of stream) {
        if (chunks.length === 0) await pause(1500)
        chunks.push(chunk)
      }
      const bytes = toLogBytes(chunks)
      expectEqual(bytes.length, size, 'the number of bytes')
      expect(bytes.equals(Buffer.alloc(size, '0123456789abcde\n')), 'the bytes in order', 'other bytes')
    },
  },
  'LOG-022': {
    title: 'leaving the loop closes the stream and does not stop the container',
    run: async (context) => {
      const id = await startReady(context, { command: context.programs.echoThenSleep('one') }, 'one')
      const stream = await context.runtime.containerLogs(id, { follow: true, signal: context.signal })
      for await (const _ of stream) break
      const next = await within(5000, 'the end of the stream', readLogs(stream))
      expectEqual(next.length, 0, 'the number of chunks after the loop')
      expectEqual(await context.runtime.containerState(id), 'running', 'the state')
    },
  },
  'LOG-023': {
    title: 'disposing the stream ends a pending read and can be repeated',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      const stream = await context.runtime.containerLogs(id, { follow: true, signal: context.signal })
      const reading = inBackground(readLogs(stream))
      await pause(100)
      await within(5000, 'the end of disposing', stream[Symbol.asyncDispose]())
      await stream[Symbol.asyncDispose]()
      expectEqual(await within(5000, 'the end of the read', reading.result), [], 'the data read')
    },
  },
  'LOG-024': {
    title: 'aborting a followed log makes the stream fail with the reason itself',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      const controller = new AbortController()
      const stream = await context.runtime.containerLogs(id, { follow: true, signal: controller.signal })
      const reading = inBackground(readLogs(stream).catch((error: unknown) => error))
      await pause(100)
      const reason = new Error('aborted by the case')
      controller.abort(reason)
      expect((await within(5000, 'the end of the read', reading.result)) === reason, 'the reason', reading.result)
    },
  },
  'LOG-025': {
    title: 'two concurrent readers each get the whole log',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.printTwice('first', 'second') })
      const read = async () => toLogText(await logsOf(context, id, { follow: true }))
      expectEqual(await Promise.all([read(), read()]), ['first\nsecond\n', 'first\nsecond\n'], 'both logs')
    },
  },
  'LOG-026': {
    title: 'a line of 100 000 characters is logged whole',
    run: async (context) => {
      const line = 'x'.repeat(100_000)
      const { id } = await runToExit(context, { command: context.programs.echo(line) })
      expectEqual(toLogText(await logsOf(context, id)).length, line.length + 1, 'the length of the log')
    },
  },
  'LOG-027': {
    title: 'containerLogsAll resolves with the output so far without waiting for the exit',
    run: async (context) => {
      const id = await startReady(context, { command: context.programs.echoThenSleep('so far') }, 'so far')
      expectEqual(await within(5000, 'the log', readLogText(context, id)), 'so far\n', 'the log')
    },
  },
  'LOG-028': {
    title: 'containerLogsAll gives stdout in order, and all lines of stdout and stderr',
    run: async (context) => {
      const { id } = await runToExit(context, { command: context.programs.printTwice('first', 'second') })
      expectEqual(await readLogText(context, id), 'first\nsecond\n', 'the log')
      const both = await runToExit(context, { command: context.programs.printBoth('to out', 'to err', 0) })
      expectEqual((await readLogText(context, both.id)).split('\n').toSorted(), ['', 'to err', 'to out'], 'the lines')
    },
  },
  'LOG-029': {
    title: 'containerLogsAll is empty before the start',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.echo('later') })
      expectEqual(await readLogText(context, id), '', 'the log')
    },
  },
  'LOG-030': {
    title: 'containerLogsAll gives four megabytes whole',
    timeLimitFactor: 2,
    run: async (context) => {
      const size = 4 * 1024 * 1024
      const { id } = await runToExit(context, { command: context.programs.repeatLine(size) })
      expectEqual((await context.runtime.containerLogsAll(id)).length, size, 'the number of bytes')
    },
  },
  'LOG-031': {
    title: 'the log driver "none" keeps no output: LOGS_UNAVAILABLE; startAttached still writes it',
    requiredOptions: ['logDriver'],
    run: async (context) => {
      const { id, stdout } = await runAttached(context, {
        logDriver: { name: 'none' },
        command: context.programs.echo('not kept'),
      })
      expectEqual(stdout, 'not kept\n', 'the output')
      await expectHostError('LOGS_UNAVAILABLE', () => readLogText(context, id), { id })
      await expectHostError('LOGS_UNAVAILABLE', () => logsOf(context, id), { id })
    },
  },
  'LOG-033': {
    title: 'an unknown option of a log driver rejects with INVALID_ARGUMENT',
    requiredOptions: ['logDriver', 'logDriver.options'],
    run: async (context) => {
      const logDriver = { name: 'json-file', options: { 'conformance-unknown': '1' } }
      const create = () => createContainer(context, { logDriver })
      await expectHostError('INVALID_ARGUMENT', create, { field: 'logDriver.options' })
    },
  },
  'LOG-032': {
    title: 'an unknown log driver rejects with INVALID_ARGUMENT',
    requiredOptions: ['logDriver'],
    run: async (context) => {
      const create = () => createContainer(context, { logDriver: { name: 'conformance-unknown' } })
      await expectHostError('INVALID_ARGUMENT', create, { field: 'logDriver.name' })
    },
  },
})

/** The log of a program that has printed `count` lines, read with these options, is `expected`. */
function givesLines(title: string, count: number, options: LogOptions, expected: string): CaseDefinition {
  return {
    title,
    run: async (context) => {
      const { id } = await runToExit(context, { command: context.programs.lines(count) })
      expectEqual(toLogText(await logsOf(context, id, options)), expected, 'the log')
    },
  }
}

async function logsOf(
  { runtime, signal }: CaseContext,
  id: string,
  options: LogOptions = {},
): Promise<readonly LogChunk[]> {
  return await readLogs(await runtime.containerLogs(id, { signal, ...options }))
}

function numbers(first: number, last: number): string {
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}\n`).join('')
}

function toStamp({ timestamp }: LogChunk): string {
  return expectDefined(timestamp, 'a timestamp')
}
