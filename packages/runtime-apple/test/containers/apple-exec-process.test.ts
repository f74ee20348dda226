import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { AppleRuntimeContext } from '../../src/apple-runtime-context.js'
import type { CliSession } from '../../src/cli/apple-cli.js'
import { AppleExecProcess } from '../../src/containers/apple-exec-process.js'
import { createContext } from '../create-context.js'

describe('a process that exec has started', () => {
  it('is killed when the signal has aborted during its start', async () => {
    const reason = new Error('enough')
    const { session, calls } = createSession()
    const process = start(createContext(missing), session, AbortSignal.abort(reason))
    await expect(process.exitCode).rejects.toBe(reason)
    expect(calls).toEqual(['kill'])
    expect([process.stdin, process.stdout, process.stderr].map(({ destroyed }) => destroyed)).toEqual([
      true,
      true,
      true,
    ])
  })

  it('is killed when the runtime was closed during its start', async () => {
    const context = createContext(missing)
    await context.close()
    const { session, calls } = createSession()
    const process = start(context, session, undefined)
    await expect(process.exitCode).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
    expect(calls).toEqual(['kill'])
  })
})

function start(context: AppleRuntimeContext, session: CliSession, signal: AbortSignal | undefined): AppleExecProcess {
  const settings = { id: 'web', execId: 'one', hasTerminal: false, killsChildren: false }
  return new AppleExecProcess(context, { ...settings, session, signal })
}

/** A run of the command that prints nothing and ends when it is killed. */
function createSession() {
  const calls: string[] = []
  let end = (_code: undefined) => {}
  const exitCode = new Promise<undefined>((resolve) => {
    end = resolve
  })
  const session: CliSession = {
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    exitCode,
    resize: () => {},
    killCommand: () => {
      calls.push('kill')
      end(undefined)
    },
  }
  return { session, calls }
}

const missing = '/nonexistent/container'
