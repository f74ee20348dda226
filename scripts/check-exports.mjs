import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../tools/workspace.mjs'
import { installPacked } from './exports/install-packed.mjs'
import { findManifestOffences } from './exports/manifest-offences.mjs'
import { packAll } from './exports/pack-all.mjs'
import { findTarballOffences } from './exports/tarball-offences.mjs'
import { findUseOffences } from './exports/use-offences.mjs'
import { reportOffences } from './source/offence.mjs'
import { readPackages } from './source/packages.mjs'

// Packs every published package and checks the tarballs: their manifests, whether their entries and types resolve, and
// whether they run and compile in a project in which only they are installed.
const packages = readPackages(root).filter(({ manifest }) => !manifest.private)
const directory = mkdtempSync(join(tmpdir(), 'capstan-exports-'))
try {
  const packed = await packAll(packages, directory)
  const offences = [
    ...packed.flatMap(findManifestOffences),
    ...(await Promise.all(packed.map(findTarballOffences))).flat(),
  ]
  const user = await installPacked(packed, join(directory, 'user'))
  reportOffences([...offences, ...(await findUseOffences(packed, user))])
} finally {
  rmSync(directory, { recursive: true, force: true })
}
