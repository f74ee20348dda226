import { describeWithBuildKit } from '../../../../test/support/test-buildkit.js'
import { openSidecarBuilds } from '../build-suite/build-way.js'
import { describeBuilds } from '../build-suite/describe-builds.js'

describeWithBuildKit('BuildKit in a sidecar', (engine) => {
  const { buildkitImage: image, isFakeBuildKit: isFake } = engine
  describeBuilds(() => openSidecarBuilds(engine, { image, isFake }))
})
