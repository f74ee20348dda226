// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts have variables of Compose
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ComposeSource } from '@capstan/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readProject } from '../../../src/compose/file/read-project.js'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'capstan-compose-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const read = (content: string, source: Partial<ComposeSource> = {}) =>
  readProject({ name: 'shop', content, directory, ...source } as ComposeSource, { runtime: 'memory' })
/** Reads the config of the service `a` with these lines. */
const readConfig = async (lines: string, source: Partial<ComposeSource> = {}) => {
  const indented = lines.replaceAll(/^/gm, '    ')
  const project = await read(
    `services:\n  a:\n    image: busybox\n${indented}\nvolumes: {data: }\nnetworks: {back: }`,
    source,
  )
  return project.services.get('a')?.config
}
const write = async (name: string, text: string) => {
  const path = join(directory, name)
  await writeFile(path, text)
  return path
}

describe('readProject', () => {
  it('reads services, networks and volumes with their names on the engine', async () => {
    const project = await read(`
name: other
x-shared: &shared
  image: busybox:1.37
services:
  web:
    <<: *shared
    depends_on: [db]
    networks: {back: {aliases: [www]}, default: }
    volumes: [data:/data:ro, kept:/kept]
    scale: 2
  db:
    image: db
    depends_on:
      setup: {condition: service_completed_successfully}
  setup: *shared
networks:
  back: {internal: true, labels: {tier: back}}
  unused:
volumes:
  data:
  unused:
  kept: {external: true, name: their-volume}
`)
    expect(project).toMatchObject({ name: 'shop', directory, files: ['-'] })
    expect([...project.services.keys()]).toEqual(['db', 'setup', 'web'])
    expect(project.services.get('web')).toMatchObject({
      replicas: 2,
      dependsOn: [{ service: 'db', condition: 'started' }],
      config: {
        image: 'busybox:1.37',
        network: {
          mode: 'networks',
          networks: [
            { networkId: 'shop_back', aliases: ['web', 'www'] },
            { networkId: 'shop_default', aliases: ['web'] },
          ],
        },
        mounts: [
          { type: 'volume', source: 'shop_data', target: '/data', readOnly: true },
          { type: 'volume', source: 'their-volume', target: '/kept' },
        ],
      },
    })
    expect(project.services.get('db')?.dependsOn).toEqual([{ service: 'setup', condition: 'completed' }])
    expect(project.networks).toMatchObject([
      { key: 'back', name: 'shop_back', external: false, internal: true, labels: { tier: 'back' } },
      { key: 'default', name: 'shop_default', external: false, internal: false },
    ])
    expect(project.volumes).toMatchObject([
      { key: 'data', name: 'shop_data', external: false },
      { key: 'kept', name: 'their-volume', external: true },
    ])
  })

  it.each<[string, object]>([
    ['command: echo "a b" c > d', { command: ['echo', 'a b', 'c', '>', 'd'] }],
    ['command: [echo, 1, true]', { command: ['echo', '1', 'true'] }],
    ['entrypoint: [sh]', { entrypoint: ['sh'], command: [] }],
    ['environment: [A=1, B=x=y, C, NONE]', { env: { A: '1', B: 'x=y', C: 'given' } }],
    ['environment: {A: 1, B: true, C: , D: "$$x"}', { env: { A: '1', B: 'true', C: 'given', D: '$x' } }],
    ['labels: [a=b, c]', { labels: { a: 'b', c: '' } }],
    ['restart: no', { restartPolicy: { name: 'no' } }],
    ['restart: on-failure:3', { restartPolicy: { name: 'on-failure', maxRetries: 3 } }],
    ['tty: true\nstdin_open: "${T}"\nuser: 1000:1000', { tty: true, interactive: true, user: '1000:1000' }],
    [
      'healthcheck: {test: curl x, interval: 1m30s, timeout: 500ms, retries: 2, start_period: 1.5s}',
      { healthcheck: { command: 'curl x', intervalMs: 90_000, timeoutMs: 500, retries: 2, startPeriodMs: 1500 } },
    ],
    ['healthcheck: {test: [CMD, curl, x]}', { healthcheck: { command: ['curl', 'x'] } }],
    ['healthcheck: {test: [CMD-SHELL, curl x]}', { healthcheck: { command: 'curl x' } }],
    ['healthcheck: {disable: true}', { healthcheck: 'none' }],
    ['healthcheck: {test: [NONE]}', { healthcheck: 'none' }],
    [
      'ports: [80, "8080:81", "127.0.0.1::82/udp", "[::1]:8083:83", "7000-7001:90-91"]',
      {
        ports: [
          { containerPort: 80, hostAddress: 'any' },
          { containerPort: 81, hostAddress: 'any', hostPort: 8080 },
          { containerPort: 82, hostAddress: '127.0.0.1', protocol: 'udp' },
          { containerPort: 83, hostAddress: '::1', hostPort: 8083 },
          { containerPort: 90, hostAddress: 'any', hostPort: 7000 },
          { containerPort: 91, hostAddress: 'any', hostPort: 7001 },
        ],
      },
    ],
    [
      'ports: [{target: 80, published: "8080", host_ip: 127.0.0.1, protocol: tcp}]',
      { ports: [{ containerPort: 80, hostPort: 8080, hostAddress: '127.0.0.1' }] },
    ],
    [
      'volumes: [{type: tmpfs, target: /t, tmpfs: {size: 4096}}, {type: volume, source: data, target: /d, read_only: true}]',
      {
        mounts: [
          { type: 'tmpfs', target: '/t', executable: true, sizeBytes: 4096 },
          { type: 'volume', source: 'shop_data', target: '/d', readOnly: true },
        ],
      },
    ],
  ])('reads %s', async (lines, expected) => {
    expect(await readConfig(lines, { env: { C: 'given', T: 'true' } })).toMatchObject(expected)
  })

  it('reads the SELinux modes of mounts, which a volume does not have', async () => {
    const config = await readConfig('volumes: ["./a:/a:z", "./b:/b:ro,Z", "data:/d:z"]')
    expect(config?.mounts).toEqual([
      { type: 'bind', source: join(directory, 'a'), target: '/a', relabel: 'shared' },
      { type: 'bind', source: join(directory, 'b'), target: '/b', readOnly: true, relabel: 'private' },
      { type: 'volume', source: 'shop_data', target: '/d' },
    ])
  })

  it('reads bind mounts relative to the directory', async () => {
    expect(await readConfig('volumes: [./src:/src, /abs:/abs:ro]')).toMatchObject({
      mounts: [
        { type: 'bind', source: join(directory, 'src'), target: '/src' },
        { type: 'bind', source: '/abs', target: '/abs', readOnly: true },
      ],
    })
  })

  it('takes variables from `env`, then from the file .env of the directory, and the name of the project', async () => {
    await write('.env', 'TAG=1\nA=file\n')
    expect(
      await readConfig('environment: {T: "$TAG", A: , P: "$COMPOSE_PROJECT_NAME"}', { env: { A: 'given' } }),
    ).toMatchObject({
      env: { T: '1', A: 'given', P: 'shop' },
    })
  })

  it('takes variables from `envFiles` in place of .env', async () => {
    await write('.env', 'A=standard\nB=standard\n')
    const envFiles = [await write('one', 'A=1\nB=1\n'), await write('two', 'B=2$A\n')]
    const source = { envFiles, env: { C: 'given' } }
    const lines = 'environment: {A: "$A", B: "$B", C: "$C"}'
    expect(await readConfig(lines, source)).toMatchObject({ env: { A: '1', B: '21', C: 'given' } })
    await expect(readConfig(lines, { envFiles: [join(directory, 'none')] })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      facts: { field: 'source.envFiles[0]', given: expect.stringContaining('none') },
    })
  })

  it('reads environment files, which `environment` overrides', async () => {
    await write('one.env', 'A=1\nB=1\n')
    const lines = 'env_file: [one.env, {path: none.env, required: false}]\nenvironment: {B: "2"}'
    expect(await readConfig(lines)).toMatchObject({ env: { A: '1', B: '2' } })
  })

  it('merges files: mappings and lists are joined, commands are replaced', async () => {
    const base = await write(
      'base.yaml',
      'services: {a: {image: one, command: [x], environment: {A: 1, B: 1}, ports: [80], volumes: ["v:/d", "v:/e"], healthcheck: {test: t, retries: 1}}}\nvolumes: {v: , w: }',
    )
    const override = await write(
      'override.yaml',
      'services: {a: {image: two, command: [y], environment: [B=2], ports: [80, 81], volumes: ["w:/d"], healthcheck: {retries: 9}}, b: {image: three}}',
    )
    const { services, files } = await readProject({ name: 'shop', files: [base, override] }, { runtime: 'memory' })
    expect(files).toEqual([base, override])
    expect([...services.keys()]).toEqual(['a', 'b'])
    expect(services.get('a')?.config).toMatchObject({
      image: 'two',
      command: ['y'],
      env: { A: '1', B: '2' },
      ports: [{ containerPort: 80 }, { containerPort: 81 }],
      mounts: [
        { source: 'shop_w', target: '/d' },
        { source: 'shop_v', target: '/e' },
      ],
      healthcheck: { command: 't', retries: 9 },
    })
  })

  it('leaves out services of profiles that are not active', async () => {
    const content = 'services: {a: {image: x}, b: {image: x, profiles: [debug]}, c: {image: x, profiles: [other]}}'
    const list = async (profiles: readonly string[]) => [...(await read(content, { profiles })).services.keys()]
    expect(await list([])).toEqual(['a'])
    expect(await list(['debug'])).toEqual(['a', 'b'])
    expect(await list(['*'])).toEqual(['a', 'b', 'c'])
  })

  it.each([
    ['services: {a: {image: x}', '-:1'],
    ['services:\n  a:\n    image: x\n   bad: y', '-:4'],
    ['services:\n  a:\n    image: x\n    comand: y', '-:4: services.a.comand is not an attribute of a service'],
    [
      'services:\n  a:\n    image: x\n    constructor: y',
      '-:4: services.a.constructor is not an attribute of a service',
    ],
    ['services:\n  a:\n    image: x\nservice: {}', '-:4: service is not known to Compose'],
    ['services: {}', 'the project has no services'],
    ['- a', 'the file must be a mapping'],
    ['services:\n  a: {command: x}', '-:2: services.a has no image'],
    ['services:\n  a:\n    image: ${NONE:?set it}', '-:3: services.a.image has the required variable NONE'],
    ['services:\n  a: {image: x, depends_on: [no]}', '-:2: service "a" depends on service "no"'],
    ['services:\n  a: {image: x, networks: [no]}', 'service "a" uses network "no"'],
    ['services:\n  a: {image: x, volumes: ["no:/x"]}', 'services.a.volumes[0] uses volume "no"'],
    ['services: {a: {image: x, depends_on: [b]}, b: {image: x, depends_on: [a]}}', 'a → b → a'],
    ['services: {a: {image: x, ports: [http]}}', 'services.a.ports[0] must be'],
    ['services: {a: {image: x, scale: -1}}', 'services.a.scale must be an integer of at least 0'],
    ['services: {a: {image: x, restart: sometimes}}', 'services.a.restart must be'],
    [
      'services: {a: {image: x, healthcheck: {test: t, interval: 5}}}',
      'services.a.healthcheck.interval must be a duration',
    ],
    [
      'services: {a: {image: x, depends_on: {b: {condition: ready}}}, b: {image: x}}',
      'services.a.depends_on.b.condition',
    ],
    ['services: {a: {image: x, scale: 2, container_name: y}}', 'container_name'],
    ['services: {a: {image: x, env_file: none.env}}', 'services.a.env_file'],
  ])('rejects %j with the place', async (content, place) => {
    const given = expect.stringContaining(place)
    const facts = { field: 'source.content', given }
    await expect(read(content)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts })
  })

  it.each([
    ['services: {a: {image: x, cap_add: [NET_ADMIN]}}', 'services.a.cap_add'],
    ['services: {a: {build: .}}', 'services.a.build'],
    ['services: {a: {image: x, healthcheck: {test: t, start_interval: 1s}}}', 'services.a.healthcheck.start_interval'],
    ['services: {a: {image: x, volumes: [/data]}}', 'services.a.volumes[0]'],
    ['services: {a: {image: x, healthcheck: {interval: 1s}}}', 'services.a.healthcheck'],
    ['services: {a: {image: x}}\nsecrets: {s: {file: x}}', 'secrets'],
    ['services: {a: {image: x}}\nnetworks: {n: {driver: overlay}}', 'networks.n.driver'],
    ['services: {a: {image: x}}\nvolumes: {v: {driver_opts: {a: b}}}', 'volumes.v.driver_opts'],
  ])('rejects %j as unsupported, with the path', async (content, field) => {
    await expect(read(content)).rejects.toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      facts: { runtime: 'memory', field },
    })
  })

  it('takes the profiles of COMPOSE_PROFILES where none are given, and the name only from the source', async () => {
    const content =
      'services: {a: {image: "$COMPOSE_PROJECT_NAME"}, b: {image: x, profiles: [b]}, c: {image: x, profiles: [c]}}'
    const list = async (source: Partial<ComposeSource>) => {
      const { services } = await read(content, source)
      return [...services.values()].map(({ name, config }) => (name === 'a' ? config.image : name))
    }
    await write('.env', 'COMPOSE_PROFILES=c\nCOMPOSE_PROJECT_NAME=file\n')
    expect(await list({ profiles: [] })).toEqual(['shop', 'c'])
    expect(await list({ profiles: ['b'] })).toEqual(['shop', 'b'])
    const env = { COMPOSE_PROFILES: ' b , none', COMPOSE_PROJECT_NAME: 'given', COMPOSE_FILE: '/none' }
    expect(await list({ env })).toEqual(['shop', 'b'])
    expect(await list({ env: { COMPOSE_PROFILES: '' } })).toEqual(['shop'])
    expect(await list({ env: { COMPOSE_PROFILES: '*' } })).toEqual(['shop', 'b', 'c'])
  })

  it('names the file that cannot be read or is not valid', async () => {
    const good = await write('good.yaml', 'services: {a: {image: x}}')
    const bad = await write('bad.yaml', 'services:\n  a: [')
    const missing = join(directory, 'missing.yaml')
    for (const [path, given] of [
      [bad, `${bad}:2`],
      [missing, missing],
    ] as const) {
      const reading = readProject({ name: 'shop', files: [good, path] }, { runtime: 'memory' })
      const facts = { field: 'source.files[1]', given: expect.stringContaining(given) }
      await expect(reading).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts })
    }
  })

  it('rejects a relative path of a text without a directory', async () => {
    const content = 'services: {a: {image: x, volumes: ["./a:/a"]}}'
    const reading = readProject({ name: 'shop', content }, { runtime: 'memory' })
    await expect(reading).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts: { field: 'source.directory' } })
  })
})
