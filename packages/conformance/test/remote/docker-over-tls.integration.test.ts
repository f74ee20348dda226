import { describe } from 'vitest'
import { tlsEngine } from '../../../../test/support/tls-engine.js'
import { describeRemote } from './describe-remote.js'

describe.skipIf(tlsEngine === undefined)('the engine of CAPSTAN_TLS_ENDPOINT', () => {
  describeRemote('TLS', tlsEngine?.toEnv() ?? {})
})
