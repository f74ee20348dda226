import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWithEngine, isPodman, skipOnPodman } from '../../../test/support/test-engine.js'
import { requestEngine } from '../../../tools/engine/engine-request.mjs'
import { BuildKitClient } from '../src/index.js'
import { type BuildAnswer, recordAnswer } from './support/build-answer.js'
import { answerLabel, listBuildCases } from './support/build-cases.js'
import { connectToEngine } from './support/connect-to-engine.js'
import type { ImageStore } from './support/daemon/export-build.js'
import { FakeDaemon } from './support/fake-daemon.js'
import { createStreamPair } from './support/stream-pair.js'

/** Set to write the answers of the engine into the fixture of its image store. */
const isRecording = process.env.CAPSTAN_RECORD_BUILD_ANSWERS === '1'

describeWithEngine('the fake daemon and the BuildKit of an engine', ({ socketPath, apiVersion }) => {
  const [, minor = '0'] = apiVersion.split('.')
  const hasBuildKit = Number(minor) >= 42 && !isPodman
  const recorded: string[] = []
  let store: ImageStore = 'docker'

  beforeAll(async () => {
    if (!hasBuildKit) return console.log(`an engine with API ${apiVersion} has no BuildKit to compare with: skipped`)
    const client = new BuildKitClient(await connectToEngine(socketPath), { endpoint: 'BuildKit' })
    const [worker] = await client.workers()
    store = worker?.labels['org.mobyproject.buildkit.worker.snapshotter'] === undefined ? 'docker' : 'containerd'
    client.close()
  })

  afterAll(async () => {
    if (!hasBuildKit) return
    const connection = { protocol: 'http:', socketPath } as const
    const filters = encodeURIComponent(JSON.stringify({ label: [answerLabel] }))
    const { body } = await requestEngine(connection, `/images/json?filters=${filters}`)
    const images: readonly { readonly Id: string }[] = JSON.parse(body)
    for (const { Id } of images) await requestEngine(connection, `/images/${Id}?force=1`, { method: 'DELETE' })
    const fixture = new URL(`fixtures/build-answers-${store}.ndjson`, import.meta.url)
    if (isRecording) writeFileSync(fixture, recorded.join(''))
  })

  test.runIf(hasBuildKit || isPodman).for(listBuildCases())('answer equally: $title', async (build, context) => {
    skipOnPodman(context, 'Podman has no BuildKit')
    const engine = await recordAnswer(() => connectToEngine(socketPath), build)
    const fake = new FakeDaemon({ store })
    const connect = async () => {
      const [ours, theirs] = createStreamPair()
      fake.serve(theirs)
      return ours
    }
    recorded.push(`${JSON.stringify({ title: build.title, answer: engine })}\n`)
    const toComparable = Number(minor) < 46 ? toOldAnswer : (answer: BuildAnswer) => answer
    expect(toComparable(await recordAnswer(connect, build))).toEqual(toComparable(engine))
  })
})

/** BuildKit before v0.14, in engines before release 27, has no warnings of rules and no detail that names the frontend. */
function toOldAnswer({ error, ...answer }: BuildAnswer): BuildAnswer {
  const details = error?.details.filter((type) => type !== 'errdefs.Frontend+json') ?? []
  return { ...answer, warnings: [], ...(error && { error: { ...error, details } }) }
}
