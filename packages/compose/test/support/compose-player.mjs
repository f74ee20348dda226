// Plays docker-compose for tests: it follows the script in the project's file, and asks the engine of the test for objects by
// lines of JSON at DOCKER_HOST.
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'

const args = process.argv.slice(2)

async function main() {
  if (args[0] === 'version') {
    console.log('2.40.3')
    return 0
  }
  const stdin = args.includes('-') ? readFileSync(0, 'utf8') : ''
  const file = valuesOf('--file').find((path) => path !== '-')
  // A text is one document, or two with the one that adds labels.
  const [first = '', second] = stdin.split('\n---\n')
  const script = JSON.parse(file === undefined ? first || '{}' : readFileSync(file, 'utf8'))
  const override = JSON.parse((file === undefined ? second : first) || 'null')
  const command = ['config', 'up', 'down'].find((word) => args.includes(word)) ?? 'config'
  const engine = command === 'config' ? undefined : await connectEngine()
  await engine?.ask({ type: 'called', args, override, env: process.env })
  for (const step of script[command] ?? defaults[command](script)) {
    const exitCode = await play(step, { engine, override })
    if (exitCode !== undefined) return exitCode
  }
  return 0
}

const defaults = {
  config: ({ model, inactive = {} }) => {
    const profiles = valuesOf('--profile')
    const isActive = ([, service]) => profiles.includes('*') || service.profiles.some((name) => profiles.includes(name))
    const services = { ...model?.services, ...Object.fromEntries(Object.entries(inactive).filter(isActive)) }
    return [{ stdout: JSON.stringify({ name: valuesOf('--project-name')[0], ...model, services }) }]
  },
  up: () => [],
  down: () => [{ type: 'removeContainers' }],
}

async function play(step, { engine, override }) {
  if (step.stdout !== undefined) process.stdout.write(`${step.stdout}\n`)
  if (step.stderr !== undefined) process.stderr.write(`${step.stderr}\n`)
  if (step.id !== undefined) process.stderr.write(`${JSON.stringify({ id: step.id, status: step.status })}\n`)
  if (step.ignores !== undefined) for (const signal of step.ignores) process.on(signal, () => {})
  if (step.type !== undefined) {
    const labels = override?.[`${step.kind}s`]?.[step.service ?? step.key]?.labels ?? {}
    const answer = engine.ask({ ...step, project: valuesOf('--project-name')[0], labels })
    if (!step.isLate) await answer
  }
  if (step.hangs) await new Promise(() => setInterval(() => {}, 1000))
  if (step.error !== undefined) process.stderr.write(`${JSON.stringify({ error: true, message: step.error })}\n`)
  return step.exit
}

function valuesOf(option) {
  return args.flatMap((word, index) => (args[index - 1] === option ? [word] : []))
}

async function connectEngine() {
  const socket = connect(process.env.DOCKER_HOST.slice('unix://'.length))
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]()
  return {
    async ask(request) {
      socket.write(`${JSON.stringify(request)}\n`)
      await lines.next()
    },
  }
}

process.exit(await main())
