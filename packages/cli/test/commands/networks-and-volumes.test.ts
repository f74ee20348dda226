import { networkManagerCapability, type RuntimePlugin, volumeManagerCapability } from '@capstan/core'
import { memoryPlugin } from '@capstan/runtime-memory'
import { beforeEach, describe, expect, it } from 'vitest'
import { runCapstan } from '../support/run-capstan.js'

const env = { CAPSTAN_RUNTIME: 'memory' }
let plugins: readonly RuntimePlugin[]

const capstan = (...argv: readonly string[]) => runCapstan(argv, { env, plugins })
const json = async (...argv: readonly string[]) => JSON.parse((await capstan(...argv, '--json')).stdout)
const runWeb = (...options: readonly string[]) =>
  capstan('run', '-d', '--name', 'web', ...options, 'busybox', 'sleep', '1000')

beforeEach(() => {
  plugins = [memoryPlugin()]
})

describe('capstan network', () => {
  it('creates a network with a chosen subnet, lists it, and removes it', async () => {
    const subnets = ['--subnet', '10.77.0.0/24', '--gateway', '10.77.0.9', '--subnet', 'fd00:1::/64']
    const { stdout, exitCode } = await capstan('network', 'create', ...subnets, '--label', 'tier=back', 'inside')
    expect(exitCode).toBe(0)
    const id = stdout.trim()
    const { networks } = await json('network', 'ls', '-f', 'label=tier=back')
    expect(networks).toMatchObject([
      {
        id,
        name: 'inside',
        subnets: [{ cidr: '10.77.0.0/24', gateway: '10.77.0.9' }, { cidr: 'fd00:1::/64' }],
        labels: { 'capstan.lifetime': 'persistent', tier: 'back' },
      },
    ])
    expect((await capstan('network', 'ls')).stdout).toMatch(
      /^NETWORK ID +NAME +INTERNAL +SUBNETS\n[0-9a-f]{12} +bridge +no .*\n[0-9a-f]{12} +inside +no +10.77.0.0\/24, fd00:1::\/64\n$/,
    )
    expect((await capstan('network', 'ls', '-q', '--no-trunc', '-f', 'name=nsid')).stdout).toBe(`${id}\n`)
    const format = '{{.Name}} {{.IPv6}} {{.Label "tier"}}'
    expect((await capstan('network', 'ls', '--format', format, '-f', `id=${id.slice(0, 8)}`)).stdout).toBe(
      'inside true back\n',
    )
    expect(await capstan('network', 'rm', id.slice(0, 12))).toMatchObject({
      exitCode: 0,
      stdout: `${id.slice(0, 12)}\n`,
    })
  })

  it('connects and disconnects a container, and shows it by inspect', async () => {
    await capstan('network', 'create', '--subnet', '10.77.0.0/24', '--internal', 'inside')
    await runWeb()
    expect(await capstan('network', 'connect', '--ip', '10.77.0.7', '--alias', 'db', 'inside', 'web')).toMatchObject({
      exitCode: 0,
      stdout: '',
    })
    const { containers } = await json('inspect', 'web')
    expect(containers[0].networks).toMatchObject([
      { networkName: 'bridge' },
      { networkName: 'inside', ipAddress: '10.77.0.7', aliases: ['db'] },
    ])
    const page = (await capstan('network', 'inspect', 'inside')).stdout
    expect(page).toMatch(
      /^internal: +yes\nsubnet: +10\.77\.0\.0\/24, gateway 10\.77\.0\.1\ncontainer: +web 10\.77\.0\.7$/m,
    )
    expect(page).not.toContain('capstan.')
    const template = '{{range .Containers}}{{.Name}} {{.IPv4Address}}{{end}} {{json .IPAM.Config}}'
    expect((await capstan('network', 'inspect', '-f', template, 'inside')).stdout).toBe(
      'web 10.77.0.7/24 [{"Subnet":"10.77.0.0/24","Gateway":"10.77.0.1"}]\n',
    )
    expect((await json('network', 'inspect', 'default')).networks).toMatchObject([
      { members: [{ containerName: 'web' }] },
    ])
    expect((await capstan('network', 'disconnect', 'inside', 'web')).exitCode).toBe(0)
    expect((await json('network', 'inspect', 'inside')).networks[0].members).toEqual([])
  })

  it('fails for an unknown network or container, except with --force', async () => {
    await runWeb()
    for (const argv of [
      ['rm', 'no'],
      ['inspect', 'no'],
      ['connect', 'no', 'web'],
      ['disconnect', 'no', 'web'],
    ]) {
      const { exitCode, stderr } = await capstan('network', ...argv)
      expect([exitCode, stderr], argv[0]).toEqual([125, expect.stringContaining('there is no network "no"')])
    }
    for (const command of ['connect', 'disconnect']) {
      const { exitCode, stderr } = await capstan('network', command, 'default', 'no')
      expect([exitCode, stderr], command).toEqual([125, expect.stringContaining('there is no container "no"')])
    }
    expect((await capstan('network', 'rm', '-f', 'no')).exitCode).toBe(0)
    expect((await capstan('network', 'disconnect', '-f', 'default', 'no')).exitCode).toBe(0)
  })

  it('names the option of a bad subnet, gateway or filter', async () => {
    const rows: readonly (readonly [string, readonly string[]])[] = [
      ['--subnet', ['create', '--subnet', '10.77.0.1/24', 'n']],
      ['--gateway', ['create', '--subnet', '10.77.0.0/24', '--gateway', '10.78.0.1', 'n']],
      ['--gateway', ['create', '--subnet', '10.77.0.0/24', '--gateway', '10.77.0.1', '--gateway', '10.77.0.2', 'n']],
      ['--filter', ['ls', '-f', 'driver=bridge']],
    ]
    for (const [option, argv] of rows) {
      const { exitCode, stderr } = await capstan('network', ...argv)
      expect([exitCode, stderr]).toEqual([125, expect.stringContaining(`${option} must be`)])
    }
    expect((await json('network', 'ls')).networks).toHaveLength(1)
  })

  it('reports networks and volumes that the runtime does not have', async () => {
    plugins = [memoryPlugin({ without: [networkManagerCapability, volumeManagerCapability] })]
    for (const group of ['network', 'volume']) {
      const { exitCode, stderr } = await capstan(group, 'ls')
      expect([exitCode, stderr]).toEqual([125, expect.stringContaining(`needs ${group}s`)])
    }
  })
})

describe('capstan run', () => {
  it('joins a network with a chosen address, and the default network beside it', async () => {
    await capstan('network', 'create', '--subnet', '10.77.0.0/24', 'inside')
    await runWeb('--network', 'inside', '--ip', '10.77.0.5')
    await capstan(
      'run',
      '-d',
      '--name',
      'both',
      '--network',
      'default',
      '--network',
      'inside',
      'busybox',
      'sleep',
      '1000',
    )
    const { containers } = await json('inspect', 'web', 'both')
    const networksOf = ({ networks }: { networks: { networkName: string; ipAddress: string }[] }) =>
      networks.map(({ networkName, ipAddress }) => `${networkName} ${ipAddress}`)
    expect(containers.map(networksOf)).toEqual([['inside 10.77.0.5'], ['bridge 10.0.0.2', 'inside 10.77.0.2']])
  })

  it('rejects --ip without one named network', async () => {
    for (const options of [[], ['--network', 'default'], ['--network', 'a', '--network', 'b']]) {
      expect((await runWeb('--ip', '10.77.0.5', ...options)).stderr).toContain('--ip needs one --network')
    }
  })
})

describe('capstan volume', () => {
  it('creates volumes, lists, shows and removes them', async () => {
    expect((await capstan('volume', 'create', '--label', 'tier=back', 'data')).stdout).toBe('data\n')
    expect((await capstan('volume', 'create', 'data')).stdout).toBe('data\n')
    const { stdout: name } = await capstan('volume', 'create')
    expect(name).toMatch(/^[0-9a-f]{64}\n$/)
    expect((await capstan('volume', 'ls', '-f', 'label=tier')).stdout).toMatch(/^VOLUME NAME +CREATED\ndata +\S.*\n$/)
    expect((await capstan('volume', 'ls', '-q')).stdout.split('\n')).toContain('data')
    expect((await capstan('volume', 'ls', '--format', '{{.Name}} {{.Labels}}', '-f', 'name=at')).stdout).toContain(
      'tier=back',
    )
    expect((await json('volume', 'inspect', 'data')).volumes).toMatchObject([
      { name: 'data', labels: { tier: 'back' } },
    ])
    expect((await capstan('volume', 'inspect', '-f', '{{.Name}} {{.Labels.tier}}', 'data')).stdout).toBe('data back\n')
    expect((await capstan('volume', 'inspect', 'data')).stdout).toMatch(
      /^name: +data\ncreated: +.*\ncreated by: +Capstan/,
    )
    expect(await capstan('volume', 'rm', 'data', name.trim())).toMatchObject({ exitCode: 0, stdout: `data\n${name}` })
    expect((await json('volume', 'ls')).volumes).toEqual([])
  })

  it('fails for an unknown volume, except with --force, and for labels of an existing one', async () => {
    await capstan('volume', 'create', 'data')
    expect((await capstan('volume', 'create', '--label', 'a=b', 'data')).stderr).toContain('"data" is taken')
    const { exitCode, stdout, stderr } = await capstan('volume', 'rm', 'no', 'data')
    expect([exitCode, stdout, stderr]).toEqual([125, 'data\n', expect.stringContaining('there is no volume "no"')])
    expect(await capstan('volume', 'rm', '-f', 'no')).toMatchObject({ exitCode: 0 })
    expect((await capstan('volume', 'inspect', 'no')).exitCode).toBe(125)
  })
})
