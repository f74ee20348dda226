import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readFakeBuildKitFiles } from '../../packages/feature-buildkit/test/fake-buildkit-image/make-image.mjs'
import type { Simulator } from '../../packages/runtime-apple/test/simulator/start-simulator.mjs'
import { toTarArchive } from '../../tools/engine/tar-archive.mjs'
import { testImages } from '../../tools/engine/test-image.mjs'

/** Adds the image of the fake BuildKit to the registry of a simulator, and returns its name. */
export async function addFakeBuildKitImage({ home }: Pick<Simulator, 'home'>): Promise<string> {
  const directory = join(home, 'registry', encodeURIComponent(`docker.io/${name}`))
  const root = join(directory, 'rootfs')
  mkdirSync(root, { recursive: true })
  const [busybox = ''] = readdirSync(join(home, 'images'))
  cpSync(join(home, 'images', busybox, 'rootfs'), root, { recursive: true, verbatimSymlinks: true })
  const input = toTarArchive(await readFakeBuildKitFiles())
  const { status, stderr } = spawnSync('tar', ['-x', '-C', root], { input, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  const config = { Env: ['PATH=/bin:/usr/bin:/sbin'], Entrypoint: ['buildkitd'], WorkingDir: '/' }
  const record = { digest: `sha256:${'c'.repeat(64)}`, createdAt: Date.now(), references: [], config }
  writeFileSync(join(directory, 'record.json'), JSON.stringify(record))
  return name
}

const { fakeBuildKit: name } = testImages
