import { type Duplex, Writable } from 'node:stream'
import { TerminalEof } from '@capstan/core/plugin'

/**
 * Creates the input stream of a process with a terminal. When it ends, end-of-transmission is sent and the connection
 * stays open: if it were half-closed, the engine would end the output as well.
 */
export function createTerminalInput(connection: Duplex): Writable {
  const end = new TerminalEof()
  let stop: (() => void) | undefined
  const sendEnd = () => {
    if (!connection.destroyed) stop ??= end.sendTo((bytes) => void connection.write(bytes))
  }
  const input = new Writable({
    write(chunk: Buffer, _encoding, done) {
      end.note(chunk)
      connection.write(chunk, () => done()) // a failure is reported where the output is read
    },
    final(done) {
      sendEnd()
      done()
    },
    destroy(error, done) {
      sendEnd()
      done(error)
    },
  })
  input.on('error', () => {})
  connection.once('close', () => {
    input.destroy()
    stop?.()
  })
  return input
}
