import { describe, expect, it } from 'vitest'
import type { JobConfig } from '../../src/index.js'
import { validateJobConfig } from '../../src/plugin.js'

const secret = { secretId: 'token', target: '/run/secrets/token' }
const invalid: readonly (readonly [string, Partial<JobConfig>])[] = [
  ['image', { image: '' }],
  ['command[0]', { command: [7 as never] }],
  ['env["TOKEN"]', { env: { TOKEN: null as never } }],
  ['env["A=B"]', { env: { 'A=B': '' } }],
  ['cpus', { cpus: 0 }],
  ['memoryBytes', { memoryBytes: 0.5 }],
  ['user', { user: ':0' }],
  ['mounts[0].target', { mounts: [{ type: 'tmpfs', target: 'tmp' }] }],
  ['networks', { networks: 'one' as never }],
  ['networks[1]', { networks: ['one', '-two'] }],
  ['networks[1]', { networks: ['one', 'one'] }],
  ['constraints[0]', { constraints: ['gpu'] }],
  ['constraints[0]', { constraints: ['node.role=manager'] }],
  ['constraints[1]', { constraints: ['node.role!=manager', 'node.id=='] }],
  ['secrets[0]', { secrets: ['token' as never] }],
  ['secrets[0].secretId', { secrets: [{ ...secret, secretId: '' }] }],
  ['secrets[0].target', { secrets: [{ ...secret, target: 'token' }] }],
  ['secrets[1]', { secrets: [secret, { secretId: 'other', target: '/run//secrets/token' }] }],
  ['configs[0].configId', { configs: [{ configId: '-', target: '/etc/app' }] }],
  ['configs[0].target', { secrets: [secret], configs: [{ configId: 'app', target: '/run/secrets//token' }] }],
  ['labels["capstan.owner"]', { labels: { 'capstan.owner': 'x' } }],
  ['tty', { tty: true } as never],
  ['network', { network: { mode: 'host' } } as never],
]

describe('validateJobConfig', () => {
  it.each(invalid)('rejects an invalid %s', (field, config) => {
    const validate = () => validateJobConfig({ image: 'busybox', ...config })
    expect(validate).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', facts: expect.objectContaining({ field }) }),
    )
  })

  it('does not show the value of a variable', () => {
    const env = { TOKEN: ['secret-value'] as never }
    expect(() => validateJobConfig({ image: 'busybox', env })).toThrow(/^((?!secret-value).)*$/)
  })

  it('returns the container of a job, without the fields of a cluster', () => {
    const job: JobConfig = {
      image: 'busybox:1.37',
      command: ['sh', '-c', 'exit 3'],
      env: { A: '1' },
      networks: ['one', 'two'],
      constraints: ['node.labels.gpu == yes'],
      secrets: [secret],
      labels: { app: 'batch' },
    }
    expect(validateJobConfig(job)).toEqual({
      image: 'busybox:1.37',
      command: ['sh', '-c', 'exit 3'],
      env: { A: '1' },
      network: { mode: 'networks', networks: [{ networkId: 'one' }, { networkId: 'two' }] },
      labels: { app: 'batch' },
    })
    expect(validateJobConfig({ image: 'busybox' })).toEqual({ image: 'busybox', env: {} })
  })
})
