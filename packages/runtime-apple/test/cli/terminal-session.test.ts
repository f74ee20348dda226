import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { CliSession } from '../../src/cli/apple-cli.js'
import { loadTerminalLibrary } from '../../src/cli/terminal-library.js'
import { openTerminalSession } from '../../src/cli/terminal-session.js'

async function open(script: string): Promise<CliSession> {
  const library = await loadTerminalLibrary()
  if (library === undefined) throw new Error('the optional library is a dependency of the tests')
  const size = { height: 31, width: 101 }
  return openTerminalSession(library, { command: '/bin/sh', argv: ['-c', script], env: { GIVEN: 'by the host' }, size })
}

describe.skipIf(process.platform === 'win32')('a terminal session', () => {
  it('runs the command with the given environment and nothing of process.env', async () => {
    vi.stubEnv('OF_THIS_PROCESS', 'secret')
    onTestFinished(() => void vi.unstubAllEnvs())
    const session = await open('echo "$GIVEN/$OF_THIS_PROCESS"')
    let read = ''
    for await (const chunk of session.stdout) read += chunk
    expect(read.trim()).toBe('by the host/')
  })

  it('has the requested size and resolves with the exit code of the program', async () => {
    const session = await open('stty size; exit 7')
    let read = ''
    for await (const chunk of session.stdout) read += chunk
    expect([read.trim(), await session.exitCode]).toEqual(['31 101', 7])
  })

  it('gives a slow reader all of the output, and then the exit code', async () => {
    const session = await open('i=0; while [ $i -lt 2500 ]; do echo 0123456789012345678; i=$((i+1)); done')
    let length = 0
    let isFirst = true
    for await (const chunk of session.stdout) {
      length += chunk.length
      // Longer than node-pty waits before it closes the terminal.
      if (isFirst || length > 40_000) await delay(isFirst ? 300 : 30)
      isFirst = false
    }
    expect([length, await session.exitCode]).toEqual([2500 * 21, 0])
  })

  it('accepts a size until its end and after it', async () => {
    const session = await open('sleep 0.05')
    session.stdout.resume()
    for (let hasEnded = false; !hasEnded; ) {
      session.resize({ height: 20, width: 70 })
      hasEnded = await Promise.race([session.exitCode.then(() => true), delay(1).then(() => false)])
    }
    session.resize({ height: 20, width: 70 })
  })
})
