/**
 * Finds errors in a published package: protocols and conditions of this workspace in its manifest, compiled files without
 * a source, a missing licence or README.
 *
 * @param {Pick<import('./pack-all.mjs').PackedPackage, 'path' | 'manifest' | 'files'>} packed
 * @returns {readonly import('../source/violation.mjs').Violation[]}
 */
export function findManifestViolations({ path, manifest, files }) {
  const { dependencies, peerDependencies, optionalDependencies } = manifest
  const local = Object.entries({ ...dependencies, ...peerDependencies, ...optionalDependencies })
    .filter(([, range]) => /^(workspace|catalog|file|link):/.test(range))
    .map(([name, range]) => `publishes "${name}": "${range}", which is invalid outside of this workspace`)
  const condition = JSON.stringify(manifest.exports ?? {}).includes('@capstan/source')
    ? ['publishes the condition "@capstan/source", which leads to sources']
    : []
  const missing = ['README.md', 'LICENSE'].filter((file) => !files.includes(file)).map((file) => `publishes no ${file}`)
  const stale = files
    .filter(
      (file) => /^dist\/.*\.js$/.test(file) && !files.includes(file.replace('dist/', 'src/').replace(/js$/, 'ts')),
    )
    .map((file) => `publishes ${file}, whose source does not exist: remove dist and build again`)
  return [...local, ...condition, ...missing, ...stale].map((text) => ({ path, text }))
}
