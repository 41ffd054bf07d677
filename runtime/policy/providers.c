// SPDX-License-Identifier: GPL-2.0-or-later
/* The hosts of providers of models: one table. */
#include <string.h>

#include "policy/egress.h"

/*
 * From the end, part by part; one '*' in a part is any rest of that part. What is below such a host is of the
 * provider too (eu.api.openai.com), what is beside it is not (docs.openai.com).
 */
static const char *const providers[] = {
	/* OpenAI; the second is where its tools go when they are paid by a subscription. */
	"api.openai.com",
	"chatgpt.com",
	/* Anthropic; likewise. */
	"api.anthropic.com",
	"claude.ai",
	/* Google: Gemini, Vertex AI, and what its tools use. */
	"generativelanguage.googleapis.com",
	"generativelanguage.mtls.googleapis.com",
	"aiplatform.googleapis.com",
	"*-aiplatform.googleapis.com",
	"aiplatform.mtls.googleapis.com",
	"*-aiplatform.mtls.googleapis.com",
	"aiplatform.*.rep.googleapis.com",
	"*.prediction.vertexai.goog",
	"*cloudcode-pa.googleapis.com",
	/* Microsoft Azure, in its three clouds. */
	"*.openai.azure.com",
	"*.openai.azure.us",
	"*.openai.azure.cn",
	"*.cognitiveservices.azure.com",
	"*.cognitiveservices.azure.us",
	"*.cognitiveservices.azure.cn",
	"*.services.ai.azure.com",
	"*.models.ai.azure.com",
	"*.inference.ai.azure.com",
	"*.inference.ml.azure.com",
	/* GitHub: Models, Copilot. */
	"models.github.ai",
	"githubcopilot.com",
	"copilot-proxy.githubusercontent.com",
	/* Amazon: Bedrock and SageMaker, by region, also through a private link and in China. */
	"bedrock-runtime.*.amazonaws.com",
	"bedrock-runtime-fips.*.amazonaws.com",
	"bedrock-agent-runtime.*.amazonaws.com",
	"bedrock-agent-runtime-fips.*.amazonaws.com",
	"bedrock-runtime.*.vpce.amazonaws.com",
	"bedrock-runtime-fips.*.vpce.amazonaws.com",
	"bedrock-agent-runtime.*.vpce.amazonaws.com",
	"bedrock-runtime.*.amazonaws.com.cn",
	"bedrock-runtime.*.api.aws",
	"bedrock-runtime-fips.*.api.aws",
	"bedrock-agent-runtime.*.api.aws",
	"bedrock-mantle.*.api.aws",
	"runtime.sagemaker.*.amazonaws.com",
	"runtime-fips.sagemaker.*.amazonaws.com",
	"runtime.sagemaker.*.vpce.amazonaws.com",
	"runtime.sagemaker.*.amazonaws.com.cn",
	/* IBM, Oracle, Cloudflare, NVIDIA, DigitalOcean, Scaleway, OVH. */
	"*.ml.cloud.ibm.com",
	"inference.generativeai.*.oci.oraclecloud.com",
	"gateway.ai.cloudflare.com",
	"integrate.api.nvidia.com",
	"ai.api.nvidia.com",
	"api.nvcf.nvidia.com",
	"inference.do-ai.run",
	"*.agents.do-ai.run",
	"api.scaleway.ai",
	"*.endpoints.kepler.ai.cloud.ovh.net",
	/* Who has models of their own. */
	"api.mistral.ai",
	"codestral.mistral.ai",
	"api.cohere.com",
	"api.cohere.ai",
	"api.x.ai",
	"api.ai21.com",
	"api.perplexity.ai",
	"api.aleph-alpha.com",
	"api.reka.ai",
	"api.writer.com",
	"api.upstage.ai",
	"api.voyageai.com",
	"api.jina.ai",
	"api.stability.ai",
	"api.elevenlabs.io",
	"api.deepgram.com",
	"api.assemblyai.com",
	"api.inceptionlabs.ai",
	"api.llama.com",
	"api.deepseek.com",
	"api.moonshot.*",
	"api.kimi.com",
	"open.bigmodel.cn",
	"api.z.ai",
	"dashscope*.aliyuncs.com",
	"*.maas.aliyuncs.com",
	"api.minimax.chat",
	"api.minimax.io",
	"api.minimaxi.com",
	"api.baichuan-ai.com",
	"api.lingyiwanwu.com",
	"api.stepfun.com",
	"api.stepfun.ai",
	"aip.baidubce.com",
	"qianfan.baidubce.com",
	"hunyuan.tencentcloudapi.com",
	"api.hunyuan.cloud.tencent.com",
	"ark.*.volces.com",
	"ark.*.bytepluses.com",
	"spark-api-open.xf-yun.com",
	/* Who runs those of others, or passes on to them. */
	"api.groq.com",
	"api.together.xyz",
	"api.together.ai",
	"api.fireworks.ai",
	"api.replicate.com",
	"openrouter.ai",
	"api-inference.huggingface.co",
	"router.huggingface.co",
	"*.endpoints.huggingface.cloud",
	"api.deepinfra.com",
	"api.cerebras.ai",
	"api.sambanova.ai",
	"api.hyperbolic.xyz",
	"api.novita.ai",
	"api.studio.nebius.ai",
	"api.studio.nebius.com",
	"api.tokenfactory.nebius.com",
	"api.siliconflow.cn",
	"api.siliconflow.com",
	"inference.baseten.co",
	"*.api.baseten.co",
	"api.friendli.ai",
	"inference.friendli.ai",
	"api.featherless.ai",
	"api.runpod.ai",
	"llm.chutes.ai",
	"fal.run",
	"api.venice.ai",
	"api.poe.com",
	"api.portkey.ai",
	"ai-gateway.vercel.sh",
	"ai-gateway.helicone.ai",
	"oai.helicone.ai",
	"anthropic.helicone.ai",
	"gateway.helicone.ai",
	"api.requesty.ai",
	"router.requesty.ai",
	"api.aimlapi.com",
};

/* Does the one '*' of the pattern, if it has one, stand for what is between? */
static bool part_fits(const char *pattern, size_t pattern_len, const char *part, size_t part_len)
{
	const char *star = memchr(pattern, '*', pattern_len);
	size_t before, after;

	if (!star)
		return part_len == pattern_len && memcmp(part, pattern, part_len) == 0;
	before = (size_t)(star - pattern);
	after = pattern_len - before - 1;
	return part_len >= before + after && memcmp(part, pattern, before) == 0 &&
	       memcmp(part + part_len - after, star + 1, after) == 0;
}

/* Cuts the last part off what is left of a name. */
static const char *part_take(const char *name, size_t *len, size_t *ret_part)
{
	const char *dot = memrchr(name, '.', *len), *part = dot ? dot + 1 : name;

	*ret_part = *len - (size_t)(part - name);
	*len = dot ? (size_t)(dot - name) : 0;
	return part;
}

static bool provider_fits(const char *pattern, const char *host)
{
	size_t pattern_len = strlen(pattern), host_len = strlen(host), wanted, given;
	const char *wanted_part, *part;

	while (pattern_len) {
		if (!host_len)
			return false;
		wanted_part = part_take(pattern, &pattern_len, &wanted);
		part = part_take(host, &host_len, &given);
		if (!part_fits(wanted_part, wanted, part, given))
			return false;
	}
	return true;
}

bool egress_is_provider(const char *host)
{
	size_t i;

	for (i = 0; i < sizeof(providers) / sizeof(providers[0]); i++)
		if (provider_fits(providers[i], host))
			return true;
	return false;
}
