import { memoryPlugin } from '@capstan/runtime-memory'
import { describe, expect, it } from 'vitest'
import { runProgram } from '../../src/program.js'
import { FakeIo, type FakeIoOptions } from '../support/fake-io.js'
import { runCapstan } from '../support/run-capstan.js'

describe('capstan service', () => {
  it('exits with 125 and the remedy where the runtime has no cluster', async () => {
    const { exitCode, stderr } = await runCapstan(['service', 'ls', '--runtime', 'memory'], {
      plugins: [memoryPlugin()],
    })
    expect(exitCode).toBe(125)
    expect(stderr).toContain('cluster services')
    expect(stderr).toContain('set `cluster` of memoryPlugin()')
  })

  it('creates a service that no sweep removes, with a line for each change of its progress', async () => {
    const cluster = createCluster()
    const created = await cluster.run([
      'service',
      'create',
      '--name',
      'web',
      '--replicas',
      '3',
      'busybox',
      'sleep',
      '9',
    ])
    expect(created).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^[a-z0-9]{25}\n$/) })
    expect(created.stderr).toContain('web: 3 of 3 tasks run, verifying that they keep running\n')
    const { stdout } = await cluster.run(['service', 'ls'])
    expect(stdout).toMatch(/^ID +NAME +MODE +REPLICAS +IMAGE +PORTS\n\w{12} +web +replicated +3\/3 +busybox\n$/)
    expect((await cluster.run(['service', 'inspect', 'web'])).stdout).toContain('kept by sweep')
  })

  it('shows no progress with -q, and a line that it removes on a terminal', async () => {
    const cluster = createCluster()
    const create = ['service', 'create', '--name', 'web', 'busybox', 'sleep', '9']
    expect(await cluster.run([...create.slice(0, 2), '-q', ...create.slice(2)])).toMatchObject({ stderr: '' })
    const { stderr } = await cluster.run(['service', 'scale', 'web=2'], { columns: 80 })
    expect(stderr).not.toContain('web: 2 of 2 tasks run\n')
  })

  it('passes each setting to the service', async () => {
    const cluster = createCluster()
    await cluster.run(['secret', 'create', 'token', '-'], { stdin: 's3cret' })
    await cluster.run(['config', 'create', 'settings', '-'], { stdin: 'a=1' })
    const { exitCode, stderr } = await cluster.run(
      words(
        'service create --name web --mode global -l tier=front --constraint node.role==worker -e A=1 --secret token',
        '--config source=settings,target=/etc/settings --endpoint-mode dnsrr --mount type=tmpfs,target=/cache -w /tmp -u nobody',
        '--limit-memory 64m --limit-cpu 0.5 --update-parallelism 2 --update-monitor 20ms -q',
        'busybox sh -c',
      ).concat('echo "$A"; cat /run/secrets/token /etc/settings; pwd; sleep 9'),
    )
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const { stdout } = await cluster.run(['service', 'inspect', '--json', 'web'])
    expect(JSON.parse(stdout).services).toMatchObject([
      {
        name: 'web',
        replicas: 'one-per-node',
        running: 2,
        constraints: ['node.role==worker'],
        endpointMode: 'dnsrr',
        labels: { tier: 'front', 'capstan.lifetime': 'persistent' },
        secrets: [{ secretName: 'token', target: '/run/secrets/token' }],
        configs: [{ configName: 'settings', target: '/etc/settings' }],
      },
    ])
    const logs = await cluster.run(['service', 'logs', '--raw', 'web'])
    expect(logs.stdout).toContain('1\ns3creta=1/tmp\n')
  })

  it('removes a service whose image is missing, and says so', async () => {
    const cluster = createCluster()
    const { exitCode, stderr } = await cluster.run(['service', 'create', '--name', 'web', 'absent'])
    expect(exitCode).toBe(125)
    expect(stderr).toContain('there is no image "absent"')
    expect((await cluster.run(['service', 'ls', '-q'])).stdout).toBe('')
  })

  it('gives up after --timeout, with the reasons', async () => {
    const cluster = createCluster()
    const create = words('service create --name web --constraint node.labels.a==b --timeout 30ms busybox sleep 9')
    const { exitCode, stderr } = await cluster.run(create)
    expect(exitCode).toBe(125)
    expect(stderr).toContain('no suitable node (scheduling constraints not satisfied on 3 nodes)')
    expect(stderr).toMatch(/\n {2}→ `capstan node ls` shows the nodes; --timeout sets the limit\n$/)
  })

  it.each([
    ['--constraint', 'service create --constraint gpu busybox'],
    ['--publish', 'service create --publish 80 --endpoint-mode dnsrr busybox'],
    ['--update-monitor', 'service create --update-monitor 0 busybox'],
    ['--timeout', 'service create --timeout 0 busybox'],
    ['--name', 'service create --name -x busybox'],
    ['NAME', 'secret create -- -x -'],
  ])('names %s in the error of `%s`', async (option, line) => {
    const { exitCode, stderr } = await createCluster().run(words(line), { stdin: 'a' })
    expect({ exitCode, stderr }).toEqual({ exitCode: 125, stderr: expect.stringContaining(`: ${option}`) })
  })

  it('removes the service when it is interrupted', async () => {
    const cluster = createCluster()
    const io = new FakeIo()
    const create = words('service create --name web --runtime memory --constraint node.labels.a==b busybox sleep 9')
    const running = runProgram(create, { io, plugins: async () => [cluster.plugin], version: '1' })
    await io.stderr.waitFor(/no suitable node/)
    io.signals.emit('SIGINT')
    expect(await running).toBe(130)
    expect((await cluster.run(['service', 'ls', '-q'])).stdout).toBe('')
  })

  it('changes only what update is given', async () => {
    const cluster = createCluster()
    await cluster.run(['secret', 'create', 'token', '-'], { stdin: 'a' })
    await cluster.run(words('service create --name web -l a=1 -l b=2 --secret token -q busybox sleep 9'))
    const update = words('service update --args "sleep 8" --label-add c=3 --label-rm a --secret-rm token', '--json web')
    const { exitCode, stdout } = await cluster.run(update)
    expect({ exitCode, document: JSON.parse(stdout) }).toMatchObject({ exitCode: 0, document: { name: 'web' } })
    const inspected = await cluster.run(['service', 'inspect', '--json', 'web'])
    const [service] = JSON.parse(inspected.stdout).services
    expect(service).toMatchObject({
      command: ['sleep', '8'],
      replicas: 1,
      secrets: [],
      labels: { b: '2', c: '3', 'capstan.lifetime': 'persistent' },
    })
    expect(service.labels).not.toHaveProperty('a')
  })

  it('reports a rollback', async () => {
    const cluster = createCluster()
    await cluster.run(words('service create --name web -q busybox sleep 9'))
    const { exitCode, stderr } = await cluster.run(words('service update --args "exit 3" web'))
    expect(exitCode).toBe(125)
    expect(stderr).toContain('web: 0 of 1 tasks run, restoring the previous settings')
    expect(stderr).toMatch(/did not converge.*task: non-zero exit \(3\).*previous settings were restored/s)
  })

  it('scales several services, and reports an unknown one', async () => {
    const cluster = createCluster()
    for (const name of ['one', 'two']) await cluster.run(words(`service create --name ${name} -q busybox sleep 9`))
    const { exitCode, stdout, stderr } = await cluster.run(words('service scale -q one=2 none=1 two=3'))
    expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: 'one=2\ntwo=3\n' })
    expect(stderr).toContain('there is no service "none"')
    const rows = await cluster.run(['service', 'ls', '--format', '{{.Name}} {{.Replicas}}'])
    expect(rows.stdout).toBe('one 2/2\ntwo 3/3\n')
  })

  it('lists the tasks with their nodes, filtered, also as JSON', async () => {
    const cluster = createCluster()
    await cluster.run(words('service create --name web --replicas 3 -q busybox sleep 9'))
    const format = ['--format', '{{.Name}} {{.Node}} {{.DesiredState}} {{.CurrentState}}']
    const { stdout } = await cluster.run(['service', 'ps', ...format, 'web'])
    expect(stdout).toBe(
      ['1 node-1', '2 node-2', '3 node-3'].map((text) => `web.${text} Running Running now\n`).join(''),
    )
    const filtered = await cluster.run(words('service ps -f node=node-2 -f desired-state=running --json web'))
    expect(JSON.parse(filtered.stdout).tasks).toMatchObject([{ slot: 2, service: 'web', nodeName: 'node-2' }])
    const invalid = await cluster.run(words('service ps -f state=x web'))
    expect(invalid).toMatchObject({ exitCode: 125, stderr: expect.stringContaining('--filter') })
  })

  it('shows the output of each task in whole lines, with its name, ID and node', async () => {
    const cluster = createCluster()
    const create = words('service create --name web --replicas 2 -q busybox sh -c')
    await cluster.run([...create, 'echo one; echo two >&2; sleep 9'])
    const { stdout, stderr } = await cluster.run(['service', 'logs', 'web'])
    const line = (text: string) => new RegExp(`^(web\\.[12]\\.[a-z0-9]{25}@node-[12] \\| ${text}\\n){2}$`)
    expect(stdout).toMatch(line('one'))
    expect(stderr).toMatch(line('two'))
    const short = await cluster.run(words('service logs --no-task-ids -t -n 1 web'))
    expect(short.stderr).toMatch(/^(\S+Z web\.[12]@node-[12] \| two\n){2}$/)
    const document = await cluster.run(words('service logs --json -n 2 web'))
    const [first = ''] = document.stdout.split('\n')
    expect(JSON.parse(first)).toMatchObject({ source: 'stdout', taskId: expect.any(String), text: 'one\n' })
    expect(document.stdout).toContain('"source":"stderr"')
    expect(document.stderr).toBe('')
  })

  it('removes services by name and by the beginning of an ID', async () => {
    const cluster = createCluster()
    const ids: string[] = []
    for (const name of ['one', 'two']) {
      ids.push((await cluster.run(words(`service create --name ${name} -q busybox sleep 9`))).stdout)
    }
    const prefix = (ids[1] ?? '').slice(0, 12)
    expect(await cluster.run(['service', 'rm', 'one', prefix])).toMatchObject({
      exitCode: 0,
      stdout: `one\n${prefix}\n`,
    })
    expect((await cluster.run(['service', 'ls', '-q'])).stdout).toBe('')
  })
})

describe('capstan node', () => {
  it('lists the nodes', async () => {
    const cluster = createCluster()
    await cluster.plugin.cluster.drain('node-2')
    const { stdout } = await cluster.run([
      'node',
      'ls',
      '--format',
      '{{.Hostname}} {{.Status}} {{.Availability}} {{.ManagerStatus}}',
    ])
    expect(stdout).toBe('node-1 Ready Active Leader\nnode-2 Ready Drain \nnode-3 Ready Active \n')
    const filtered = await cluster.run(['node', 'ls', '--json', '-f', 'name=node-3'])
    expect(JSON.parse(filtered.stdout).nodes).toMatchObject([{ hostname: 'node-3', role: 'worker' }])
  })
})

describe.each(['secret', 'config'] as const)('capstan %s', (kind) => {
  it('stores the content of stdin and of a file, lists it and removes it', async () => {
    const cluster = createCluster()
    const created = await cluster.run([kind, 'create', '-l', 'a=1', 'one', '-'], { stdin: 'value' })
    expect(created).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^[a-z0-9]{25}\n$/) })
    expect(await cluster.run([kind, 'create', 'two', import.meta.filename])).toMatchObject({ exitCode: 0 })
    const rows = await cluster.run([kind, 'ls', '--format', '{{.Name}} {{.Label "a"}}'])
    expect(rows.stdout).toBe('one 1\ntwo \n')
    const removed = await cluster.run([kind, 'rm', 'one', 'none'])
    expect(removed).toMatchObject({ exitCode: 125, stdout: 'one\n' })
    expect(removed.stderr).toContain(`there is no ${kind} "none"`)
    const left = await cluster.run([kind, 'ls', '--json'])
    expect(JSON.parse(left.stdout)[`${kind}s`]).toMatchObject([
      { name: 'two', labels: { 'capstan.lifetime': 'persistent' } },
    ])
  })

  it('rejects an empty value and a missing file', async () => {
    const cluster = createCluster()
    expect(await cluster.run([kind, 'create', 'one', '-'])).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining('the value is empty: stdin has no content'),
    })
    const missing = await cluster.run([kind, 'create', 'one', '/absent'])
    expect(missing).toMatchObject({ exitCode: 125, stderr: expect.stringContaining('it does not exist') })
  })
})

describe('completion', () => {
  it('has the names of services, secrets and configs', async () => {
    const cluster = createCluster()
    await cluster.run(words('service create --name web -q busybox sleep 9'))
    await cluster.run(['secret', 'create', 'token', '-'], { stdin: 'a' })
    const complete = async (line: string) =>
      (await cluster.run(['__complete', ...line.split(' ')], { runtime: [] })).stdout
    expect(await complete('service logs --runtime memory w')).toBe('web\n')
    expect(await complete('secret rm --runtime memory t')).toBe('token\n')
    expect(await complete('service sc')).toMatch(/^scale\t/)
  })
})

/** Creates a cluster of three nodes, on which command lines run. */
function createCluster() {
  const plugin = memoryPlugin({ cluster: { nodes: 3, monitorMs: 20 } })
  const run = async (
    [first = '', ...argv]: readonly string[],
    { runtime = ['--runtime', 'memory'], ...options }: FakeIoOptions & { readonly runtime?: readonly string[] } = {},
  ) => await runCapstan([...runtime, first, ...argv], { ...options, plugins: [plugin] })
  return { plugin, run }
}

/** Splits a command line at spaces; double quotes keep a word together. */
function words(...lines: readonly string[]): string[] {
  return [...lines.join(' ').matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}
