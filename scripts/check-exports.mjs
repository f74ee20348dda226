import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../tools/workspace.mjs'
import { installPacked } from './exports/install-packed.mjs'
import { findManifestViolations } from './exports/manifest-violations.mjs'
import { packAll } from './exports/pack-all.mjs'
import { findTarballViolations } from './exports/tarball-violations.mjs'
import { findUseViolations } from './exports/use-violations.mjs'
import { readPackages } from './source/packages.mjs'
import { reportViolations } from './source/violation.mjs'

// Packs every published package and checks the tarballs: their manifests, whether their entries and types resolve, and
// whether they run and compile in a project in which only they are installed.
const packages = readPackages(root).filter(({ manifest }) => !manifest.private)
const directory = mkdtempSync(join(tmpdir(), 'capstan-exports-'))
try {
  const packed = await packAll(packages, directory)
  const violations = [
    ...packed.flatMap(findManifestViolations),
    ...(await Promise.all(packed.map(findTarballViolations))).flat(),
  ]
  const user = await installPacked(packed, join(directory, 'user'))
  reportViolations([...violations, ...(await findUseViolations(packed, user))])
} finally {
  rmSync(directory, { recursive: true, force: true })
}
