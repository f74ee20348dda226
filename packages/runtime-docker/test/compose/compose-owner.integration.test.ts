import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type TestContext, test } from 'vitest'
import { describeWithCompose } from '../../../../test/support/describe-with-compose.js'
import { describeWithEngine } from '../../../../test/support/test-engine.js'
import { listObjects, openCompose } from './open-compose.js'

describeWithCompose('with a real Compose', (composeProgram) => {
  describeWithEngine('the owner of a project on a real engine', (available) => {
    const engine = { ...available, composeProgram }
    const app = { image: engine.image, command: 'sleep 300' }
    const services = { a: { ...app, volumes: ['data:/data'] }, b: { ...app, depends_on: ['a'] }, c: app }
    const content = JSON.stringify({ services, networks: { default: {} }, volumes: { data: {} } })

    // The steps of one up are 16 lines, and the line `ready`. Some owners die at the same step.
    test.concurrent.for(Array.from({ length: 20 }, (_, index) => index + 1))(
      'that dies by SIGKILL at step %i of up leaves what one sweep removes',
      async (step, context) => {
        const opened = await openCompose(engine, context)
        const { host, compose, toSource, project } = opened
        await compose.up(toSource({ services: { bystander: app } }))
        const before = await listObjects(opened, project)
        const killed = `${project}-killed`
        await killOwner({
          app: opened.app,
          env: opened.env,
          project: killed,
          content,
          step,
          expect: context.expect,
          onTestFinished: context.onTestFinished,
        })
        await untilComposeEnds(killed, context)
        await untilUnchanged(() => listObjects(opened, killed), context)
        const report = await host.sweep({ app: opened.app })
        context.expect([report].flat().flatMap(({ failed }) => failed)).toEqual([])
        context.expect(await listObjects(opened, killed)).toEqual([])
        context.expect(await listObjects(opened, project)).toEqual(before)
      },
    )

    interface Killing extends Pick<TestContext, 'expect' | 'onTestFinished'> {
      readonly app: string
      readonly env: Readonly<Record<string, string | undefined>>
      readonly project: string
      readonly content: string
      readonly step: number
    }

    /** Starts an owner, and kills it when it has printed so many lines, or is ready. */
    async function killOwner({
      app: name,
      env,
      project,
      content: text,
      step,
      expect,
      onTestFinished,
    }: Killing): Promise<void> {
      const endpoint = `unix://${engine.socketPath}`
      const input = JSON.stringify({
        endpoint,
        composeProgram,
        app: name,
        env,
        source: { name: project, content: text },
      })
      const owner = fileURLToPath(new URL('owner.mjs', import.meta.url))
      const child = spawn(process.execPath, [owner, input], { stdio: ['ignore', 'pipe', 'inherit'] })
      onTestFinished(() => void child.kill('SIGKILL'))
      const ended = once(child, 'close')
      let lines = 0
      for await (const line of createInterface({ input: child.stdout })) {
        lines += 1
        if (lines === step || line === 'ready') child.kill('SIGKILL')
      }
      await ended
      expect(lines).toBeGreaterThan(0)
    }
  })
})

/** Resolves when no process has the name of the project in its arguments. Requests to the engine end with their process. */
async function untilComposeEnds(project: string, { expect }: Pick<TestContext, 'expect'>): Promise<void> {
  await expect
    .poll(() => readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && readArguments(pid).includes(project)))
    .toEqual([])
}

/** Resolves when several lists in a row are equal: the engine has ended the requests of Compose. */
async function untilUnchanged(list: () => Promise<unknown>, { expect }: Pick<TestContext, 'expect'>): Promise<void> {
  let [last, equal] = ['', 0]
  const count = async () => {
    const now = JSON.stringify(await list())
    equal = now === last ? equal + 1 : 0
    last = now
    return equal
  }
  await expect.poll(count, { interval: 100 }).toBeGreaterThanOrEqual(5)
}

function readArguments(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return [] // it has ended
  }
}
