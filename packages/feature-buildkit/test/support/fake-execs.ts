import { type Duplex, PassThrough } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { ExecManager, ExecProcess } from '@capstan/core'
import type { Argv } from '@capstan/core/plugin'
import { createStreamPair } from '../../../buildkit-client/test/support/stream-pair.js'

/** Runs `serve` in place of each process. It receives the other end of the streams and returns the exit code. */
export class FakeExecs implements ExecManager {
  readonly commands: Argv[] = []
  readonly #serve: Serve

  constructor(serve: Serve) {
    this.#serve = serve
  }

  async exec(_id: string, command: Argv): Promise<ExecProcess> {
    this.commands.push(command)
    const [stream, peer] = createStreamPair()
    const stderr = new PassThrough()
    const exitCode = this.#serve(peer, stderr).then(async (code) => {
      peer.end()
      await finished(stderr.end(), { writable: false })
      return code
    })
    return {
      stdin: stream,
      stdout: stream,
      stderr,
      exitCode,
      kill: async () => false,
      resize: async () => {},
      async [Symbol.asyncDispose]() {
        stream.destroy()
      },
    }
  }
}

export type Serve = (peer: Duplex, stderr: PassThrough) => Promise<number>
