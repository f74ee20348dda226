import { Readable, Writable } from 'node:stream'
import type { ExecProcess } from '@capstan/core'
import { expect, test } from 'vitest'
import { StreamSession } from '../src/control/stream-session.js'
import { ExecStream } from '../src/exec-stream.js'

test('a process that goes before its stdin has ended ends the session, and no assertion of Node', async () => {
  let end: (exitCode: number) => void = () => {}
  const exitCode = new Promise<number>((resolve) => {
    end = resolve
  })
  let hear = () => {}
  const greeting = new Promise<void>((resolve) => {
    hear = resolve
  })
  const child: ExecProcess = {
    stdin: new Writable({
      write(_chunk, _encoding, done) {
        done()
        setImmediate(hear)
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
  const session = new StreamSession(new ExecStream(child, 'dial-stdio'), 'http://buildkit')
  await greeting
  end(0)
  expect((await session.ended).understood).toBe(true)
  expect(session.isOver).toBe(true)
})
