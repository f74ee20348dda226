import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { AppleCli } from '../../src/cli/apple-cli.js'

describe.skipIf(process.platform === 'win32')('AppleCli', () => {
  it('runs the command with the given environment and nothing of process.env', async () => {
    vi.stubEnv('OF_THIS_PROCESS', 'secret')
    onTestFinished(() => void vi.unstubAllEnvs())
    const cli = new AppleCli('/usr/bin/env', { GIVEN: 'by the host', UNSET: undefined })
    const { stdout } = await cli.run([], { operation: 'test', subject: 'env' })
    const session = await cli.open([], { stdin: false })
    expect([stdout.toString(), await text(session.stdout)]).toEqual(['GIVEN=by the host\n', 'GIVEN=by the host\n'])
  })
})
