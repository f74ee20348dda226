import { existsSync } from 'node:fs'
import { afterAll, describe } from 'vitest'
import { testEngine } from '../../../../test/support/test-engine.js'
import { sshServerProgram, startSshServer } from '../../../../tools/test-ssh-server.mjs'
import { describeRemote } from './describe-remote.js'

describe.skipIf(!existsSync(sshServerProgram) || !testEngine.available)('the engine at a socket', async () => {
  if (!existsSync(sshServerProgram) || !testEngine.available) return
  // The suite needs its environment when it is declared.
  const server = await startSshServer()
  afterAll(() => server.close())
  describeRemote('ssh', { ...server.env, DOCKER_HOST: `ssh://${server.address}${testEngine.socketPath}` })
})
