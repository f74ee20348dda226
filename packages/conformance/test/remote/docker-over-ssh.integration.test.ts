import { afterAll, describe } from 'vitest'
import { testEngine } from '../../../../test/support/test-engine.js'
import { hasSshServer, startSshServer } from '../../../../tools/test-ssh-server.mjs'
import { describeRemote } from './describe-remote.js'

describe.skipIf(!hasSshServer || !testEngine.available)('the engine at a socket', async () => {
  if (!hasSshServer || !testEngine.available) return
  // The suite needs its environment when it is declared.
  const server = await startSshServer()
  afterAll(() => server.close())
  describeRemote('ssh', server.toEngineEnv(testEngine.socketPath))
})
