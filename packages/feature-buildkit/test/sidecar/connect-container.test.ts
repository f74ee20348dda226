import { type RuntimeScope, volumeManagerCapability } from '@capstan/core'
import { describe, expect, it } from 'vitest'
import { BuildKitFeature, type BuildKitOptions } from '../../src/index.js'
import { readExec } from '../support/read-exec.js'
import { openWithSimulatedBuildKit } from '../support/simulated-buildkit.js'

const start = (scope: RuntimeScope, options: BuildKitOptions = {}) =>
  scope.resolve(BuildKitFeature).start({ graceMs: 1, ...options })
const pem = (text: string) => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`
const certificates = { ca: pem('a'), cert: pem('b'), key: pem('hunter22') }

describe('connect', () => {
  it('adds the socket and its address, and does not change the network', async () => {
    await using scope = await openWithSimulatedBuildKit()
    await using sidecar = await start(scope)
    const config = sidecar.connect({ image: 'busybox', env: { A: '1' }, network: { mode: 'none' } })
    expect(config).toMatchObject({
      env: { A: '1', BUILDKIT_HOST: 'unix:///run/buildkit/buildkitd.sock' },
      network: { mode: 'none' },
      mounts: [{ type: 'volume', target: '/run/buildkit', readOnly: true }],
    })
  })

  it.each([undefined, ['privileged', 'capAdd'] as const])(
    'gives a container the socket of the daemon when %j is refused',
    async (unsupportedOptions) => {
      await using scope = await openWithSimulatedBuildKit({ unsupportedOptions: unsupportedOptions ?? [] })
      await using sidecar = await start(scope)
      const command = ['sh', '-c', 'ls /run/buildkit']
      const id = await scope.runtime.createContainer(sidecar.connect({ image: 'busybox:latest', command }))
      await scope.runtime.startContainer(id)
      await scope.runtime.waitContainer(id)
      expect(Buffer.from(await scope.runtime.containerLogsAll(id)).toString()).toContain('buildkitd.sock')
      await scope.runtime.removeContainer(id)
    },
  )

  it('mounts the socket read-only', async () => {
    await using scope = await openWithSimulatedBuildKit()
    await using sidecar = await start(scope)
    const command = ['sh', '-c', 'echo taken > /run/buildkit/buildkitd.sock']
    const id = await scope.runtime.createContainer(sidecar.connect({ image: 'busybox:latest', command }))
    await scope.runtime.startContainer(id)
    expect(await scope.runtime.waitContainer(id)).not.toBe(0)
    expect(await readExec(scope, sidecar.containerId, ['cat', '/run/buildkit/buildkitd.sock'])).toBe('')
    await scope.runtime.removeContainer(id)
  })

  it('throws with the missing capability when there are no volumes', async () => {
    await using scope = await openWithSimulatedBuildKit({ without: [volumeManagerCapability] })
    await using sidecar = await start(scope)
    expect(() => sidecar.connect({ image: 'busybox' })).toThrow(
      /needs volumes, which runtime "memory" does not provide/,
    )
  })

  it.each(['mounts.volume', 'mounts.volume.shared'] as const)(
    'throws with the refused field %s; builds work nevertheless',
    async (field) => {
      await using scope = await openWithSimulatedBuildKit({ unsupportedOptions: [field] })
      await using sidecar = await start(scope)
      expect(() => sidecar.connect({ image: 'busybox' })).toThrow(`does not support "${field}"`)
      const context = { files: { Dockerfile: 'FROM scratch\n' } }
      expect(await sidecar.build({ context, output: { type: 'cache-only' } }).result).toMatchObject({
        unsupportedFeatures: [],
      })
    },
  )
})

describe('connect by TCP', () => {
  const image = 'busybox'
  const tcp = { withoutCertificates: true } as const

  it('throws when the sidecar was started without tcp', async () => {
    await using scope = await openWithSimulatedBuildKit()
    await using sidecar = await start(scope)
    expect(await readExec(scope, sidecar.containerId, ['cat', '/tmp/buildkitd-argv'])).not.toContain('tcp://')
    expect(() => sidecar.connect({ image }, { by: 'tcp' })).toThrow(/started without tcp/)
  })

  it('adds the network of the sidecar and its address there', async () => {
    await using scope = await openWithSimulatedBuildKit()
    await using sidecar = await start(scope, { tcp })
    const { networkId } = sidecar
    const networks = { mode: 'networks', networks: [{ networkId }] } as const
    const env = { BUILDKIT_HOST: 'tcp://buildkit:1234' }
    expect(sidecar.connect({ image }, { by: 'tcp' })).toEqual({ image, env, network: networks })
    const other = { mode: 'networks', networks: [{ networkId: 'other' }] } as const
    expect(sidecar.connect({ image, network: other }, { by: 'tcp' }).network).toEqual({
      mode: 'networks',
      networks: [{ networkId: 'other' }, { networkId }],
    })
    expect(sidecar.connect({ image, network: networks }, { by: 'tcp' }).network).toEqual(networks)
    expect(() => sidecar.connect({ image, network: { mode: 'none' } }, { by: 'tcp' })).toThrow(/network.mode must be/)
    expect(await readExec(scope, sidecar.containerId, ['cat', '/tmp/buildkitd-argv'])).toContain('tcp://0.0.0.0:1234')
  })

  it('uses the IP address on a runtime without network aliases', async () => {
    await using scope = await openWithSimulatedBuildKit({ unsupportedOptions: ['network.aliases'] })
    await using sidecar = await start(scope, { tcp: { ...tcp, port: 99 } })
    const { env } = sidecar.connect({ image }, { by: 'tcp' })
    expect(env?.BUILDKIT_HOST).toMatch(/^tcp:\/\/\d+\.\d+\.\d+\.\d+:99$/)
  })

  it('writes the certificates of the caller, and puts no key into the config of the container', async () => {
    await using scope = await openWithSimulatedBuildKit()
    await using sidecar = await start(scope, { tcp: { certificates } })
    const read = (path: string) => readExec(scope, sidecar.containerId, ['cat', path])
    expect(await read('/tmp/buildkitd.toml')).toContain('key = "/tmp/capstan-certificates/key.pem"')
    expect(await read('/tmp/capstan-certificates/key.pem')).toBe(certificates.key)
    expect(await read('/tmp/buildkitd-argv')).not.toContain('hunter22')
    expect(await read('/tmp/buildkitd.toml')).not.toContain('hunter22')
  })
})
