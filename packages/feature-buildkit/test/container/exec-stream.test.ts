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
  const stdin = new Writable({
    write(_chunk, _encoding, done) {
      done()
      setImmediate(notify)
    },
    final: () => {},
  })
  const child = createProcess(stdin, exitCode)
  const client = new BuildKitClient(new ExecStream(child, 'dial-stdio'), { endpoint: 'BuildKit' })
  const call = client.ping()
  await firstWrite
  end(0)
  await expect(call).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  await client.ended
  expect(client.isClosed).toBe(true)
})

test('passes chunks that are written together to stdin together', async () => {
  const batches: string[][] = []
  const stdin = new Writable({
    write: (chunk, _encoding, done) => done(void batches.push([String(chunk)]) as undefined),
    writev: (chunks, done) => done(void batches.push(chunks.map(({ chunk }) => String(chunk))) as undefined),
  })
  const stream = new ExecStream(createProcess(stdin, new Promise(() => {})), 'dial-stdio')
  const written = new Promise<void>((resolve, reject) => {
    stream.cork()
    stream.write('header')
    stream.write('data', (error) => (error ? reject(error) : resolve()))
    stream.uncork()
  })
  await written
  expect(batches).toEqual([['header', 'data']])
  stream.destroy()
})

function createProcess(stdin: Writable, exitCode: Promise<number>): ExecProcess {
  return {
    stdin,
    stdout: new Readable({ read: () => {} }),
    stderr: Readable.from([]),
    exitCode,
    kill: async () => true,
    resize: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }
}
