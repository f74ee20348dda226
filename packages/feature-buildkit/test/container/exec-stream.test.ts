import { Readable, Writable } from 'node:stream'
import { BuildKitClient } from '@capstan/buildkit-client'
import type { ExecProcess } from '@capstan/core'
import { expect, test } from 'vitest'
import { ExecStream } from '../../src/container/exec-stream.js'

test('ends the HTTP/2 session, without a failed assertion in Node, when the process ends before its stdin', async () => {
  let end: (exitCode: number) => void = () => {}
  const exitCode = new Promise<number>((resolve) => {
    end = resolve
  })
  let notify = () => {}
  const firstWrite = new Promise<void>((resolve) => {
    notify = resolve
  })
  const child: ExecProcess = {
    stdin: new Writable({
      write(_chunk, _encoding, done) {
        done()
        setImmediate(notify)
      },
      final: () => {},
    }),
    stdout: new Readable({ read: () => {} }),
    stderr: Readable.from([]),
    exitCode,
    kill: async () => true,
    resize: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }
  const client = new BuildKitClient(new ExecStream(child, 'dial-stdio'), { endpoint: 'BuildKit' })
  const call = client.ping()
  await firstWrite
  end(0)
  await expect(call).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  await client.ended
  expect(client.isClosed).toBe(true)
})
