import type { Duplex } from 'node:stream'
import { buildServiceCapability } from '@capstan/core'
import { expect, expectEqual } from '../assert/expect.js'
import { expectReason } from '../assert/expect-rejection.js'
import { pause, within } from '../assert/wait.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { callBuildKit, connectBuildKit, openBuildSession } from '../steps/build-service.js'
import { inBackground } from '../steps/in-background.js'
import { encodeSolveRequest } from '../steps/solve-request.js'

export const buildServiceCases: readonly ConformanceCase[] = defineCases(buildServiceCapability, {
  'BSV-001': {
    title: 'connect opens a connection whose server answers the preface of HTTP/2 with a SETTINGS frame',
    run: async (context) => {
      const connection = await connectBuildKit(context)
      connection.write(Buffer.concat([preface, emptySettings]))
      const first = await within(5000, 'a frame', readBytes(connection, emptySettings.length))
      expectEqual(first[3], settingsType, 'the type of the first frame')
      expectEqual(first.readUInt32BE(5), 0, 'the stream of the first frame')
    },
  },
  'BSV-002': {
    title: 'ListWorkers of the control service answers with a worker',
    run: async (context) => {
      const { status, length } = await callBuildKit(await connectBuildKit(context), 'ListWorkers')
      expectEqual(status, '0', 'the status of gRPC')
      expect(length > 10, 'a worker', `an answer of ${length} bytes`)
    },
  },
  'BSV-003': {
    title: 'connect opens another connection in each call, and all of them work at the same time',
    run: async (context) => {
      const connections = await Promise.all(Array.from({ length: 10 }, () => connectBuildKit(context)))
      expectEqual(new Set(connections).size, 10, 'the number of different connections')
      const answers = await Promise.all(connections.map((connection) => callBuildKit(connection, 'ListWorkers')))
      const statuses = answers.map(({ status }) => status)
      expectEqual(
        statuses,
        connections.map(() => '0'),
        'the statuses of gRPC',
      )
    },
  },
  'BSV-004': {
    title: 'destroying a connection leaves the others and the runtime working',
    run: async (context) => {
      const [first, other] = await Promise.all([connectBuildKit(context), connectBuildKit(context)])
      first.destroy()
      expectEqual((await callBuildKit(other, 'ListWorkers')).status, '0', 'the status of gRPC')
      await context.runtime.ping({ signal: context.signal })
      expectEqual((await callBuildKit(await connectBuildKit(context), 'ListWorkers')).status, '0', 'the next status')
    },
  },
  'BSV-005': {
    title: 'connect aborted at any moment resolves, or rejects with the reason itself, and leaves no open connection',
    run: async (context) => {
      for (const delayMs of [0, 1, 3, 10]) {
        const controller = new AbortController()
        const reason = new Error(`aborted after ${delayMs} ms`)
        const connecting = inBackground(connectBuildKit(context, { signal: controller.signal }))
        await pause(delayMs)
        controller.abort(reason)
        const outcome = await connecting.result.catch((error: unknown) => ({ error }))
        if ('error' in outcome) await expectReason(reason, () => Promise.reject(outcome.error))
        else await expectDestroyed(outcome, reason)
      }
    },
  },
  'BSV-006': {
    title: 'an abort after connect destroys the connection with the reason itself',
    run: async (context) => {
      const controller = new AbortController()
      const connection = await connectBuildKit(context, { signal: controller.signal })
      const reason = new Error('aborted by the case')
      controller.abort(reason)
      await expectDestroyed(connection, reason)
    },
  },
  'BSV-007': {
    title: 'openSession opens a connection on which BuildKit sends the preface of HTTP/2, or resolves with undefined',
    run: async (context) => {
      const connection = await openBuildSession(context)
      if (connection === undefined) return
      // BuildKit connects at its first health check if not before, which is after five seconds.
      const first = await within(15_000, 'the preface', readBytes(connection, preface.length))
      expectEqual(first.subarray(0, preface.length).toString(), preface.toString(), 'the first bytes')
    },
  },
  'BSV-008': {
    title: 'an abort after openSession destroys the connection with the reason itself',
    run: async (context) => {
      const controller = new AbortController()
      const connection = await openBuildSession(context, { signal: controller.signal })
      const reason = new Error('aborted by the case')
      controller.abort(reason)
      if (connection !== undefined) await expectDestroyed(connection, reason)
    },
  },
  'BSV-009': {
    title: 'the exporter moby stores the image of a build in the runtime',
    run: async (context) => {
      const { runtime, signal, uniqueName } = context
      const tag = `${uniqueName('image')}:1`
      context.defer(`image ${tag}`, (options) => runtime.removeImage(tag, options))
      const request = encodeSolveRequest({ ref: uniqueName('build'), tag })
      const { status } = await callBuildKit(await connectBuildKit(context), 'Solve', request)
      expectEqual(status, '0', 'the status of gRPC')
      expectEqual(await runtime.imageExists(tag, { signal }), true, 'imageExists')
    },
  },
})

/** Fails unless the connection is destroyed soon with the reason of the signal. */
async function expectDestroyed(connection: Duplex, reason: Error): Promise<void> {
  const closed = connection.closed || new Promise((resolve) => connection.once('close', resolve))
  await within(5000, 'the end of the connection', Promise.resolve(closed))
  await expectReason(reason, () => Promise.reject(connection.errored))
}

async function readBytes(connection: Duplex, count: number): Promise<Buffer> {
  let bytes = Buffer.alloc(0)
  for await (const chunk of connection) {
    bytes = Buffer.concat([bytes, chunk])
    if (bytes.length >= count) break
  }
  return bytes
}

/** What a client of HTTP/2 sends first. https://www.rfc-editor.org/rfc/rfc9113#section-3.4 */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const settingsType = 4
/** A frame has a header of 9 bytes: the length, the type, the flags, and the stream. */
const emptySettings = Buffer.from([0, 0, 0, settingsType, 0, 0, 0, 0, 0])
