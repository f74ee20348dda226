import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { findProgram, installPackages } from '../engine/engine-packages.mjs'
import { requestEngine } from '../engine/engine-request.mjs'
import { EngineSetUpError } from '../engine/engine-set-up-error.mjs'
import { makeTestImages, testImages } from '../engine/test-image.mjs'
import { isMain } from '../is-main.mjs'
import { runProgram } from '../run-program.mjs'
import { runTool } from '../run-tool.mjs'
import { addBridgeRule, removeBridgeRule } from './bridge-rule.mjs'
import { endProcesses } from './end-processes.mjs'
import { podmanEnv, removePodmanFiles, writePodmanFiles } from './podman-files.mjs'

/** Installs Podman from Debian's archive if it is missing, and creates the test images in a separate storage. */
async function up() {
  await installPackages(podmanPackages, console.log)
  writePodmanFiles()
  const images = await withService((socketPath) => makeTestImages({ protocol: 'http:', socketPath }))
  for (const image of images) if (!image.made) throw new EngineSetUpError(`${image.name}: ${image.reason}`)
  await addBridgeRule()
  await keepDefaultNetwork()
  console.log(`Podman has ${images.map(({ name }) => name).join(' and ')}`)
  console.log('Remove its storage with: node tools/podman/podman.mjs down')
  return 0
}

async function down() {
  if (!findProgram('podman')) return 0
  await removeBridgeRule()
  for (const args of [
    ['rm', '--all', '--force', '--time', '0'],
    ['rmi', '--all', '--force'],
    ['volume', 'prune', '--force'],
    ['network', 'prune', '--force'],
  ]) {
    await runPodman(args)
  }
  await endProcesses()
  removePodmanFiles()
  console.log('The storage of the tests of Podman is removed')
  return 0
}

/**
 * Runs a container that only waits. netavark adds the rules of a network with its first container and removes them with
 * its last one, and fails when both happen at once.
 */
async function keepDefaultNetwork() {
  if ((await runPodman(['container', 'exists', keeper])).code === 0) return
  const command = ['run', '--detach', '--name', keeper, '--label', 'capstan.test=1', image, ...stay]
  const { code, output } = await runPodman(command)
  if (code !== 0) throw new EngineSetUpError(`podman ${command.join(' ')} ended with ${code}:\n${output.trimEnd()}`)
}

async function status() {
  if (!findProgram('podman')) return tell('Podman is not installed', 1)
  const { code } = await runPodman(['image', 'exists', 'docker.io/capstan-test/busybox:1'])
  return code === 0 ? tell('Podman has the images of the tests', 0) : tell('Podman lacks the images of the tests', 1)
}

/**
 * @param {string} line
 * @param {number} code
 */
function tell(line, code) {
  console.log(line)
  return code
}

/** @param {readonly string[]} args */
function runPodman(args) {
  return runProgram('podman', args, { env: { ...process.env, ...podmanEnv } })
}

/**
 * @template T
 * @param {(socketPath: string) => Promise<T>} work
 */
async function withService(work) {
  const directory = mkdtempSync(join(tmpdir(), 'capstan-podman-'))
  const socketPath = join(directory, 'podman.sock')
  const service = spawn('podman', ['system', 'service', '--time', '0', `unix://${socketPath}`], {
    env: { ...process.env, ...podmanEnv },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ended = new Promise((resolve) => service.once('exit', resolve))
  try {
    await untilItAnswers(socketPath)
    return await work(socketPath)
  } finally {
    service.kill()
    await ended
    rmSync(directory, { recursive: true, force: true })
  }
}

/** @param {string} socketPath */
async function untilItAnswers(socketPath) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await requestEngine({ protocol: 'http:', socketPath }, '/_ping')
      return
    } catch (error) {
      if (attempt === 200) throw new EngineSetUpError(`podman system service does not answer: ${error}`)
      await delay(50)
    }
  }
}

const keeper = 'capstan-keeper'
const image = `docker.io/${testImages.busybox}`
const stay = ['sleep', '2147483647']

const podmanPackages = [
  { name: 'podman', program: 'podman' },
  { name: 'netavark', program: '/usr/lib/podman/netavark' },
  { name: 'aardvark-dns', program: '/usr/lib/podman/aardvark-dns' },
  { name: 'catatonit', program: 'catatonit' },
  { name: 'runc', program: 'runc' },
]

if (isMain(import.meta.url)) await runTool('tools/podman/podman.mjs', { up, down, status }, EngineSetUpError)
