import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import type { CommitOptions, ImageManager } from '@capstan/core'
import { describe, expect, test } from 'vitest'
import { DockerImageManager } from '../../src/docker-image-manager.js'
import type { DockerDetails } from '../../src/engine/docker-details.js'
import {
  empty,
  inTurn,
  json,
  refusal,
  type Script,
  type ScriptedEngine,
  startScriptedEngine,
  stream,
} from '../scripted-engine.js'

const id = `sha256:${'c'.repeat(64)}`
const earlier = `sha256:${'e'.repeat(64)}`
const absent = refusal(404, 'No such image: x')
const podman: Partial<DockerDetails> = { quirks: { ignoresCommitBody: true, confusesHistoryIds: true } }

async function start(script: Script, changes: Partial<DockerDetails> = {}) {
  const scripted = await startScriptedEngine(script, changes)
  return { ...scripted, images: new DockerImageManager(scripted.engine) satisfies ImageManager }
}

/** Returns the query and the body of the only request to a path. */
function find({ seen }: Pick<ScriptedEngine, 'seen'>, path: string) {
  const request = seen.find((one) => one.path.endsWith(path))
  return { query: request?.query ?? new URLSearchParams(), body: JSON.parse(request?.body.toString() || 'null') }
}

describe('inspectImage and imageHistory', () => {
  test('convert an answer with all fields, and one with none', async () => {
    const answer = {
      Id: id,
      RepoTags: ['docker.io/library/app:1', '<none>:<none>'],
      RepoDigests: ['docker.io/library/app@sha256:1', '<none>@<none>'],
      Created: '2026-01-02T03:04:05.6789Z',
      Size: 7,
      Os: 'linux',
      Architecture: 'arm',
      Variant: 'v7',
      Author: 'me',
      RootFS: { Layers: ['sha256:1'] },
      Config: { Cmd: ['a'], Labels: { b: 'c' }, Healthcheck: { Test: ['CMD-SHELL', 'true'], Interval: 1e9 } },
    }
    const bare = { Id: id, Created: '0001-01-01T00:00:00Z', Config: null }
    const { images } = await start([['GET /images/*/json', inTurn(json(200, answer), json(200, bare))]])
    expect(await images.inspectImage('app:1')).toMatchObject({
      id,
      tags: ['app:1'],
      digests: ['app@sha256:1'],
      createdAt: new Date('2026-01-02T03:04:05.678Z'),
      sizeBytes: 7,
      platform: 'linux/arm/v7',
      author: 'me',
      layers: ['sha256:1'],
      labels: { b: 'c' },
      config: { command: ['a'], healthcheck: { command: 'true', intervalMs: 1000 } },
    })
    expect(await images.inspectImage('app:1')).toMatchObject({ createdAt: undefined, tags: [], layers: [], author: '' })
  })

  const steps = [
    { Id: 'c'.repeat(64), Created: 1_700_000_000, CreatedBy: 'ENV A=1', Size: 0, Comment: 'why' },
    { Id: '<missing>', Created: 0 },
  ]

  test.each([
    ['with the ids that the engine has', {}, id],
    ['without ids where the engine confuses them', podman, undefined],
  ] as const)('imageHistory lists steps %s', async (_, changes, first) => {
    const { images } = await start([['GET /images/*/history', json(200, steps)]], changes)
    expect(await images.imageHistory('app:1')).toEqual([
      { id: first, createdAt: new Date(1_700_000_000_000), createdBy: 'ENV A=1', sizeBytes: 0, comment: 'why' },
      { id: undefined, createdAt: undefined, createdBy: '', sizeBytes: undefined, comment: '' },
    ])
  })
})

describe('commitContainer', () => {
  const options: CommitOptions = {
    tag: 'registry.example:5000/app:1',
    message: 'why',
    author: 'me',
    pause: false,
    changes: {
      command: ['a b'],
      entrypoint: ['sh'],
      env: { A: 'b c' },
      labels: { team: 'x' },
      exposedPorts: [{ containerPort: 80, protocol: 'tcp' }],
      volumes: ['/v w'],
      user: '1',
      workingDirectory: '/',
      stopSignal: 'SIGINT',
    },
  }

  test('sends the changes as settings of the image, with the labels of the owner', async () => {
    const started = await start([
      ['GET /images/*/json', absent],
      ['POST /commit', json(201, { Id: id })],
    ])
    expect(await started.images.commitContainer('web', options)).toBe(id)
    const { query, body } = find(started, '/commit')
    expect(Object.fromEntries(query)).toEqual({
      container: 'web',
      repo: 'registry.example:5000/app',
      tag: '1',
      comment: 'why',
      author: 'me',
      pause: '0',
    })
    expect(body).toMatchObject({
      Cmd: ['a b'],
      Entrypoint: ['sh'],
      Env: ['A=b c'],
      ExposedPorts: { '80/tcp': {} },
      Volumes: { '/v w': {} },
      User: '1',
      WorkingDir: '/',
      StopSignal: 'SIGINT',
      Labels: { team: 'x', 'capstan.object': expect.stringMatching(/^image\.\w{32}$/), 'capstan.lifetime': 'owner' },
    })
  })

  test('pauses the container, and sends no repository, by default', async () => {
    const started = await start([['POST /commit', json(201, { Id: id })]])
    await started.images.commitContainer('web')
    const { query, body } = find(started, '/commit')
    expect(Object.fromEntries(query)).toEqual({ container: 'web', pause: '1' })
    expect(body.Labels['capstan.object']).toBe('image')
  })

  test('sends instructions to an engine that ignores the settings, and checks their effect', async () => {
    let labels: Readonly<Record<string, string>> = {}
    const inspect = inTurn(absent, (reply) => reply.json(200, { Id: id, Config: { Env: ['A=b c'], Labels: labels } }))
    const commit: Script[number][1] = (reply, request) => {
      const sent = request.query.getAll('changes').flatMap((line) => [...line.matchAll(/^LABEL (.+?)="(.*)"$/g)])
      labels = Object.fromEntries(sent.map(([, key, value]) => [key, value]))
      reply.json(201, { Id: 'c'.repeat(64) })
    }
    const started = await start(
      [
        ['GET /images/*/json', inspect],
        ['POST /commit', commit],
      ],
      podman,
    )
    expect(await started.images.commitContainer('web', options)).toBe(id)
    const { query, body } = find(started, '/commit')
    expect(body).toEqual({})
    expect(query.getAll('changes').filter((line) => !line.startsWith('LABEL capstan.'))).toEqual([
      'ENV A="b c"',
      'LABEL team="x"',
      'EXPOSE 80/tcp',
      'VOLUME ["/v w"]',
      'USER 1',
      'WORKDIR /',
      'STOPSIGNAL SIGINT',
      'ENTRYPOINT ["sh"]',
      'CMD ["a b"]',
    ])
  })

  test('clears the command on such an engine when only the entrypoint changes', async () => {
    const inspect = json(200, { Id: id, Config: null })
    const started = await start(
      [
        ['GET /images/*/json', inspect],
        ['POST /commit', json(201, { Id: id })],
      ],
      podman,
    )
    await started.images.commitContainer('web', { changes: { entrypoint: ['sh'] } }).catch(() => undefined)
    expect(find(started, '/commit').query.getAll('changes').slice(-2)).toEqual(['ENTRYPOINT ["sh"]', 'CMD []'])
  })

  test('rejects with OPTION_UNSUPPORTED and removes the image when such an engine changes a value', async () => {
    const inspect = inTurn(absent, json(200, { Id: id, Config: { Env: ['A=b'], Labels: {} } }))
    const script: Script = [
      ['GET /images/*/json', inspect],
      ['POST /commit', json(201, { Id: id })],
      ['DELETE /images/*', json(200, [])],
    ]
    const started = await start(script, podman)
    const committing = started.images.commitContainer('web', { tag: 'app:1', changes: { env: { A: '"b"' } } })
    await expect(committing).rejects.toMatchObject({ code: 'OPTION_UNSUPPORTED', facts: { field: 'commit' } })
    expect(started.log()).toContain(`DELETE /images/${id}`)
  })

  test('rejects with CONTAINER_NOT_FOUND and undoes nothing', async () => {
    const started = await start([['POST /commit', refusal(404, 'No such container: web')]])
    await expect(started.images.commitContainer('web')).rejects.toMatchObject({ code: 'CONTAINER_NOT_FOUND' })
    expect(started.log()).toEqual(['POST /commit'])
  })

  test('waits for the answer of an aborted request, during which the container is paused, and removes the image', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    let answer = () => {}
    const sent = new Promise<void>((resolve) => {
      answer = resolve
    })
    const started = await start([
      ['GET /images/*/json', json(200, { Id: earlier })],
      [
        'POST /commit',
        async (reply) => {
          controller.abort(reason)
          await sent
          reply.json(201, { Id: id })
        },
      ],
      ['POST /images/*/tag', empty(201)],
      ['DELETE /images/*', json(200, [])],
    ])
    const committing = started.images.commitContainer('web', { tag: 'app:1', signal: controller.signal })
    const settled = committing.catch((error: unknown) => error)
    await once(controller.signal, 'abort')
    expect(await Promise.race([settled, setImmediate('waiting')])).toBe('waiting')
    answer()
    expect(await settled).toBe(reason)
    expect(started.log().slice(2)).toEqual([`POST /images/${earlier}/tag`, `DELETE /images/${id}`])
  })

  test('removes nothing when the engine refuses an aborted request', async () => {
    const controller = new AbortController()
    const refuse: Script[number][1] = (reply, request) => {
      controller.abort(new Error('enough'))
      refusal(404, 'No such container: web')(reply, request)
    }
    const started = await start([['POST /commit', refuse]])
    const committing = started.images.commitContainer('web', { signal: controller.signal })
    await expect(committing).rejects.toThrow('enough')
    expect(started.log()).toEqual(['POST /commit'])
  })

  test('removes the image of an aborted request whose answer is lost, and its tag names the earlier image again', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    let labels: object = {}
    const started = await start([
      ['GET /images/*/json', json(200, { Id: earlier })],
      [
        'POST /commit',
        (reply, request) => {
          labels = JSON.parse(request.body.toString()).Labels
          controller.abort(reason)
          stream([], 'cut')(reply, request)
        },
      ],
      ['GET /images/json', (reply) => reply.json(200, [{ Id: earlier }, { Id: id, Labels: labels }])],
      ['POST /images/*/tag', empty(201)],
      ['DELETE /images/*', json(200, [])],
    ])
    const committing = started.images.commitContainer('web', { tag: 'app:1', signal: controller.signal })
    await expect(committing).rejects.toBe(reason)
    expect(started.log().slice(2)).toEqual(['GET /images/json', `POST /images/${earlier}/tag`, `DELETE /images/${id}`])
    const { query } = find(started, '/images/json')
    expect(query.get('filters')).toMatch(/capstan\.request=/)
  })
})

describe('tagImage', () => {
  const tagged = (Id: string, RepoTags: readonly string[]) => json(200, { Id, RepoTags })

  test('rejects with IMAGE_NOT_FOUND for an absent image', async () => {
    const { images } = await start([['GET /images/*/json', absent]])
    await expect(images.tagImage('app', 'app:2')).rejects.toMatchObject({
      code: 'IMAGE_NOT_FOUND',
      facts: { image: 'app' },
    })
  })

  test.each<readonly [string, Script, string]>([
    [
      'moves the tag back',
      [
        ['GET /images/app/json', tagged(id, ['app:latest'])],
        ['GET /images/other*/json', inTurn(tagged(earlier, ['other:1']), tagged(id, ['app:latest', 'other:1']))],
      ],
      `POST /images/${earlier}/tag`,
    ],
    [
      'removes a new tag',
      [
        ['GET /images/app/json', tagged(id, ['app:latest'])],
        ['GET /images/other*/json', inTurn(absent, tagged(id, ['app:latest', 'other:1']))],
      ],
      'DELETE /images/other:1',
    ],
    [
      'keeps the tag of an image that has no other, which the engine would remove',
      [
        ['GET /images/app/json', tagged(id, [])],
        ['GET /images/other*/json', inTurn(absent, tagged(id, ['other:1']))],
      ],
      'GET /images/other:1/json',
    ],
  ])('after an abort %s', async (_, script, last) => {
    const controller = new AbortController()
    const started = await start([
      ...script,
      [
        'POST /images/*/tag',
        (reply, request) => {
          controller.abort(new Error('enough'))
          empty(201)(reply, request)
        },
      ],
      ['DELETE /images/*', json(200, [])],
    ])
    await expect(started.images.tagImage('app', 'other:1', { signal: controller.signal })).rejects.toThrow('enough')
    expect(started.log().at(-1)).toBe(last)
  })
})
