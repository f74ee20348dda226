import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { DockerJobManager } from '../../src/docker-job-manager.js'
import { collectOutput } from '../collect-output.js'
import { startFakeEngine } from '../fake/fake-docker-engine.js'
import { err, type FakeStatus, FakeSwarm, out } from '../fake/fake-swarm.js'
import { refusal, silence } from '../scripted-engine.js'

const image = 'capstan-test/busybox:1'
const exited: FakeStatus = { State: 'failed', Err: 'task: non-zero exit (5)', ContainerStatus: { ExitCode: 5 } }

describe('a job on a swarm', () => {
  it('is a service with one task that is not restarted, and resolves with the exit code after all output', async () => {
    const { fake, swarm, jobs, instance } = await start()
    swarm.statuses = [{ State: 'running' }, exited]
    swarm.log = [out('one\n'), out('two\n'), err('oops\n')]
    const [stdout, stderr] = [collectOutput(), collectOutput()]
    const config = {
      image,
      entrypoint: ['sh'],
      command: ['-c', 'x'],
      env: { A: '1' },
      workingDirectory: '/srv',
      memoryBytes: 2 ** 20,
      cpus: 0.5,
      networks: ['net', 'default'],
      constraints: ['node.role==worker'],
      secrets: [{ secretId: 'token', target: '/run/secrets/t' }],
      labels: { app: 'batch' },
    }
    const result = await jobs.runJob(config, { stdout: stdout.stream, stderr: stderr.stream })
    expect(result).toEqual({ exitCode: 5, nodeId: 'n1', taskId: 's1t1' })
    expect([stdout.text(), stderr.text()]).toEqual(['one\ntwo\n', 'oops\n'])
    const labels = { app: 'batch', 'capstan.owner.instance': instance, 'capstan.object': 'service' }
    const { json } = fake.requests.find(({ path }) => path === '/services/create') ?? {}
    expect(json).toMatchObject({
      Labels: labels,
      Mode: { ReplicatedJob: { MaxConcurrent: 1, TotalCompletions: 1 } },
      TaskTemplate: {
        ContainerSpec: {
          Image: image,
          Command: ['sh'],
          Args: ['-c', 'x'],
          Env: ['A=1'],
          Dir: '/srv',
          Labels: labels,
          Healthcheck: { Test: ['NONE'] },
          Secrets: [{ SecretID: 'id-of-token', SecretName: 'token', File: { Name: '/run/secrets/t' } }],
        },
        Resources: { Limits: { NanoCPUs: 5e8, MemoryBytes: 2 ** 20 } },
        RestartPolicy: { Condition: 'none' },
        Placement: { Constraints: ['node.role==worker'] },
        Networks: [{ Target: 'net' }, { Target: 'bridge' }],
      },
    })
    expect(swarm.services.size).toBe(0)
  })

  it('writes no output twice that it has followed before the end of the task', async () => {
    const { swarm, jobs } = await start()
    swarm.begun = [out('one\n'), err('oops\n')]
    swarm.log = [out('one\ntwo\n'), err('oops\n'), out('three\n')]
    let end = () => {}
    const running = Array.from({ length: 1000 }, () => ({ State: 'running' }))
    swarm.statuses = running
    const stdout = collectOutput()
    // The task ends when its first output has arrived.
    const job = jobs.runJob({ image }, { stdout: watch(stdout.stream, () => end()) })
    end = () => {
      swarm.statuses = [exited]
    }
    await expect(job).resolves.toMatchObject({ exitCode: 5 })
    expect(stdout.text()).toBe('one\ntwo\nthree\n')
  })

  it('reports each state of the task with its reason', async () => {
    const { swarm, jobs } = await start()
    const reason = 'no suitable node (insufficient resources on 1 node)'
    swarm.statuses = [{ State: 'pending', Err: reason }, { State: 'running' }, { State: 'running' }, exited]
    const seen: unknown[] = []
    await jobs.runJob({ image }, { onProgress: (event) => seen.push(event) })
    expect(seen).toEqual([
      { id: 's1t1', status: `pending: ${reason}` },
      { id: 's1t1', status: 'running' },
      { id: 's1t1', status: 'failed: task: non-zero exit (5)' },
    ])
  })

  it('rejects with EXIT_CODE_UNKNOWN when the swarm replaces the running task, and removes the service', async () => {
    const { swarm, jobs } = await start()
    swarm.statuses = [{ State: 'running' }, { State: 'running' }]
    swarm.isReplaced = true
    const rejection = { code: 'EXIT_CODE_UNKNOWN', facts: { id: 's1t1' }, undoFailures: [] }
    await expect(jobs.runJob({ image })).rejects.toMatchObject(rejection)
    expect(swarm.services.size).toBe(0)
  })

  it.each([
    ['IMAGE_NOT_FOUND', { State: 'rejected', Err: 'No such image: absent:1' }, { image }],
    [
      'COMMAND_NOT_STARTED',
      { State: 'failed', Err: 'starting container failed: exec: "/nope": stat /nope: no such file or directory' },
      { exitCode: 127, command: ['/nope'] },
    ],
    [
      'INVALID_ARGUMENT',
      { State: 'rejected', Err: 'invalid mount config for type "bind": bind source path does not exist: /none' },
      { field: 'mounts' },
    ],
    ['OPERATION_FAILED', { State: 'rejected', Err: 'no space left on device' }, { reason: 'no space left on device' }],
    ['EXIT_CODE_UNKNOWN', { State: 'shutdown' }, { id: 's1t1' }],
    ['EXIT_CODE_UNKNOWN', { State: 'orphaned' }, { id: 's1t1' }],
  ] as const)('rejects with %s for the task %j, reads no log, and removes the service', async (code, status, facts) => {
    const { fake, swarm, jobs } = await start()
    swarm.statuses = [status]
    const job = jobs.runJob({ image, command: ['/nope'] }, { stdout: collectOutput().stream })
    await expect(job).rejects.toMatchObject({ code, facts, undoFailures: [] })
    expect(swarm.services.size).toBe(0)
    expect(fake.log().filter((line) => line.endsWith('/logs'))).toEqual([])
  })

  it('rejects with NETWORK_NOT_FOUND and SECRET_NOT_FOUND, and creates nothing', async () => {
    const { fake, jobs } = await start()
    const secrets = [{ secretId: 'absent', target: '/run/secrets/t' }]
    await expect(jobs.runJob({ image, secrets })).rejects.toMatchObject({
      code: 'SECRET_NOT_FOUND',
      facts: { id: 'absent' },
    })
    expect(fake.log()).not.toContain('POST /services/create')
    fake.override('POST /services/create', refusal(500, 'network nonet not found'))
    const missing = { code: 'NETWORK_NOT_FOUND', facts: { id: 'nonet' } }
    await expect(jobs.runJob({ image, networks: ['nonet'] })).rejects.toMatchObject(missing)
  })

  it('rejects with INVALID_ARGUMENT and the index of a network that only one engine has', async () => {
    const { fake, swarm, jobs } = await start()
    fake.override('POST /services/create', refusal(403, 'The network local cannot be used with services.'))
    fake.override('GET /networks/*', (reply, { path }) => {
      const Name = path.slice('/networks/'.length)
      reply.json(200, { Id: Name, Name, Scope: Name === 'local' ? 'local' : 'swarm' })
    })
    const rejection = { code: 'INVALID_ARGUMENT', facts: { field: 'networks[1]', given: '"local"' } }
    await expect(jobs.runJob({ image, networks: ['net', 'local'] })).rejects.toMatchObject(rejection)
    expect(swarm.services.size).toBe(0)
  })

  it('rejects mounts that a task cannot have before any request', async () => {
    const { fake, jobs } = await start()
    const mounts = [{ type: 'bind', source: '/src', target: '/src', relabel: 'shared' }] as const
    const rejection = { code: 'OPTION_UNSUPPORTED', facts: { field: 'mounts.bind.relabel' } }
    await expect(jobs.runJob({ image, mounts })).rejects.toMatchObject(rejection)
    expect(fake.requests).toEqual([])
  })

  it.each(['POST /services/create', 'GET /tasks', 'GET /tasks/s1t1/logs', 'DELETE /services/*'])(
    'rejects with the reason of an abort during %s, and removes the service',
    async (pattern) => {
      const { fake, swarm, jobs } = await start()
      const abort = new AbortController()
      const reason = new Error('enough')
      let isFirst = true
      fake.onRequest = ({ method, path }) => {
        const isMatch = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(`${method} ${path}`)
        if (!isMatch || !isFirst) return
        isFirst = false
        abort.abort(reason)
      }
      const job = jobs.runJob({ image }, { stdout: collectOutput().stream, signal: abort.signal })
      await expect(job).rejects.toBe(reason)
      expect(isFirst).toBe(false)
      expect(swarm.services.size).toBe(0)
    },
  )

  it('removes the service that it created when the answer is lost', async () => {
    const { fake, swarm, jobs } = await start()
    fake.override('POST /services/create', (reply, { json }) => {
      swarm.add(json)
      reply.destroy()
    })
    await expect(jobs.runJob({ image })).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    expect(swarm.services.size).toBe(0)
  })

  it('rejects when a stream of the caller fails, and removes the service', async () => {
    const { swarm, jobs } = await start()
    swarm.begun = [out('one\n')]
    swarm.statuses = [{ State: 'running' }, { State: 'running' }, exited]
    const failure = new Error('disk full')
    const stdout = new Writable({ write: (_chunk, _encoding, done) => done(failure) })
    const rejection = { code: 'OPERATION_FAILED', facts: { operation: 'runJob' }, cause: failure }
    await expect(jobs.runJob({ image }, { stdout })).rejects.toMatchObject(rejection)
    expect(swarm.services.size).toBe(0)
  })

  it('continues when a list of tasks fails once', async () => {
    const { fake, jobs } = await start()
    let isFirst = true
    fake.onRequest = ({ path }) => {
      if (path !== '/tasks' || !isFirst) return
      isFirst = false
      for (const socket of fake.sockets) socket.destroy()
    }
    await expect(jobs.runJob({ image })).resolves.toMatchObject({ exitCode: 0 })
    expect(isFirst).toBe(false)
  })

  it('rejects with RUNTIME_UNAVAILABLE when the runtime is closed, and removes the service', async () => {
    const { engine, fake, swarm, jobs } = await start()
    swarm.statuses = [{ State: 'running' }]
    swarm.begun = []
    const opened = new Promise<void>((resolve) => {
      fake.override('GET /tasks/*/logs', (reply, request) => {
        resolve()
        silence(reply, request)
      })
    })
    const job = expect(jobs.runJob({ image }, { stdout: collectOutput().stream })).rejects.toMatchObject({
      code: 'RUNTIME_UNAVAILABLE',
    })
    await opened
    await engine.close()
    await job
    expect(swarm.services.size).toBe(0)
  })

  it('lists the tasks of all running jobs by one request', async () => {
    const { fake, jobs } = await start()
    await Promise.all(Array.from({ length: 10 }, () => jobs.runJob({ image })))
    expect(fake.log().filter((line) => line === 'GET /tasks').length).toBeLessThan(10)
  })
})

async function start() {
  const started = await startFakeEngine()
  return { ...started, swarm: new FakeSwarm(started.fake), jobs: new DockerJobManager(started.engine) }
}

/** Calls a function with each write. */
function watch(stream: Writable, onWrite: () => void): Writable {
  return new Writable({
    write(chunk: Buffer, encoding, done) {
      onWrite()
      stream.write(chunk, encoding, done)
    },
  })
}
