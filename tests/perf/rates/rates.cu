// Rates of the units that low-bit products use, per clock and SM of a Hopper GPU: mma.sync with operands that are made anew by
// lop3 or stay, lop3 alone, 8-bit and 1-bit matrix instructions, wgmma from registers and from shared memory, reads of the L2 cache.
// docs/performance-log.md has what it printed. Clocks are taken to be 1.98 GHz.
//
//	nvcc -O3 -gencode=arch=compute_90a,code=sm_90a -o rates rates.cu && ./rates
#include <cstdio>
#include <cstdint>
#include <cuda_runtime.h>
#define CK(x) do{cudaError_t e=(x); if(e!=cudaSuccess){printf("err %s line %d\n",cudaGetErrorString(e),__LINE__);}}while(0)
// a. mma.sync m16n8k16: CH chains, with FRESH lop3 a-registers per mma
template<int CH,int FRESH> __global__ void k_mma(float*out,uint32_t seed,int iters){
  float c[CH][4]; for(int i=0;i<CH;i++)for(int j=0;j<4;j++)c[i][j]=0;
  uint32_t w=seed+threadIdx.x, b0=seed*3, b1=seed*5; uint32_t a0=w,a1=w*3,a2=w*5,a3=w*7;
  for(int it=0;it<iters;it++){
    #pragma unroll
    for(int i=0;i<CH;i++){
      if(FRESH>=1){ asm volatile("lop3.b32 %0,%1,%2,%3,0xEA;":"=r"(a0):"r"(w),"r"(0x000f000f),"r"(0x64006400)); }
      if(FRESH>=2){ asm volatile("lop3.b32 %0,%1,%2,%3,0xEA;":"=r"(a1):"r"(w),"r"(0x00f000f0),"r"(0x64006400)); }
      if(FRESH>=3){ asm volatile("lop3.b32 %0,%1,%2,%3,0xEA;":"=r"(a2):"r"(w),"r"(0x0f000f00),"r"(0x64006400)); }
      if(FRESH>=4){ asm volatile("lop3.b32 %0,%1,%2,%3,0xEA;":"=r"(a3):"r"(w),"r"(0x0f000f0f),"r"(0x64006400)); w=w*1+1; }
      asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"
        :"+f"(c[i][0]),"+f"(c[i][1]),"+f"(c[i][2]),"+f"(c[i][3]):"r"(a0),"r"(a1),"r"(a2),"r"(a3),"r"(b0),"r"(b1));
    }
  }
  float s=0; for(int i=0;i<CH;i++)for(int j=0;j<4;j++)s+=c[i][j]; out[blockIdx.x*blockDim.x+threadIdx.x]=s;
}
// lop3 alone
__global__ void k_lop(float*out,uint32_t seed,int iters){
  uint32_t r[8]; for(int i=0;i<8;i++)r[i]=seed+i+threadIdx.x;
  for(int it=0;it<iters;it++){
    #pragma unroll
    for(int u=0;u<8;u++)
    #pragma unroll
    for(int i=0;i<8;i++) asm volatile("lop3.b32 %0,%0,%1,%2,0xEA;":"+r"(r[i]):"r"(0x0f0f0f0f^seed),"r"(0x64006400));
  }
  uint32_t s=0; for(int i=0;i<8;i++)s^=r[i]; out[blockIdx.x*blockDim.x+threadIdx.x]=s;
}
// imma s8 m16n8k32, bmma m16n8k256
template<int KIND> __global__ void k_int(int*out,uint32_t seed,int iters){
  int c[4][4]={}; uint32_t a0=seed+threadIdx.x,a1=a0*3,a2=a0*5,a3=a0*7,b0=seed*3,b1=seed*5;
  for(int it=0;it<iters;it++){
    #pragma unroll
    for(int i=0;i<4;i++){
      if(KIND==0) asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};":"+r"(c[i][0]),"+r"(c[i][1]),"+r"(c[i][2]),"+r"(c[i][3]):"r"(a0),"r"(a1),"r"(a2),"r"(a3),"r"(b0),"r"(b1));
      if(KIND==1) asm volatile("mma.sync.aligned.m16n8k256.row.col.s32.b1.b1.s32.and.popc {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};":"+r"(c[i][0]),"+r"(c[i][1]),"+r"(c[i][2]),"+r"(c[i][3]):"r"(a0),"r"(a1),"r"(a2),"r"(a3),"r"(b0),"r"(b1));
    }
  }
  int s=0; for(int i=0;i<4;i++)for(int j=0;j<4;j++)s+=c[i][j]; out[blockIdx.x*blockDim.x+threadIdx.x]=s;
}
// wgmma RS/SS
__device__ inline uint64_t desc(void*p,int lead,int stride,int swz){ uint32_t a=(uint32_t)__cvta_generic_to_shared(p); uint64_t d=(a&0x3ffff)>>4; d|=(uint64_t)(lead>>4)<<16; d|=(uint64_t)(stride>>4)<<32; d|=(uint64_t)swz<<62; return d;}
template<int N,int RS,int FRESH> __global__ void __launch_bounds__(384,1) k_wg(float*out,uint32_t seed,int iters){
  extern __shared__ __align__(1024) uint8_t sm[];
  for(int i=threadIdx.x;i<8192*3;i+=blockDim.x)((uint32_t*)sm)[i]=0; __syncthreads();
  uint64_t db=desc(sm,16,1024,1), da=desc(sm+32768,16,1024,1);
  float c[N/2]; 
  #pragma unroll
  for(int i=0;i<N/2;i++)c[i]=0;
  uint32_t w=seed+threadIdx.x;
  for(int it=0;it<iters;it++){
    uint32_t a[16];
    #pragma unroll
    for(int i=0;i<16;i++){ if(FRESH) asm volatile("lop3.b32 %0,%1,%2,%3,0xEA;":"=r"(a[i]):"r"(w>>(i&7)),"r"(0x000f000f),"r"(0x64006400)); else a[i]=w; }
    w+=1;
    asm volatile("wgmma.fence.sync.aligned;":::"memory");
    #pragma unroll
    for(int k=0;k<4;k++){
      if constexpr(N==8){
        if(RS) asm volatile("wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%0,%1,%2,%3},{%4,%5,%6,%7},%8,1,1,1,0;":"+f"(c[0]),"+f"(c[1]),"+f"(c[2]),"+f"(c[3]):"r"(a[4*k]),"r"(a[4*k+1]),"r"(a[4*k+2]),"r"(a[4*k+3]),"l"(db+2*k));
        else asm volatile("wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%0,%1,%2,%3},%4,%5,1,1,1,0,0;":"+f"(c[0]),"+f"(c[1]),"+f"(c[2]),"+f"(c[3]):"l"(da+2*k),"l"(db+2*k));
      } else if constexpr(N==16){
        if(RS) asm volatile("wgmma.mma_async.sync.aligned.m64n16k16.f32.f16.f16 {%0,%1,%2,%3,%4,%5,%6,%7},{%8,%9,%10,%11},%12,1,1,1,0;":"+f"(c[0]),"+f"(c[1]),"+f"(c[2]),"+f"(c[3]),"+f"(c[4]),"+f"(c[5]),"+f"(c[6]),"+f"(c[7]):"r"(a[4*k]),"r"(a[4*k+1]),"r"(a[4*k+2]),"r"(a[4*k+3]),"l"(db+2*k));
        else asm volatile("wgmma.mma_async.sync.aligned.m64n16k16.f32.f16.f16 {%0,%1,%2,%3,%4,%5,%6,%7},%8,%9,1,1,1,0,0;":"+f"(c[0]),"+f"(c[1]),"+f"(c[2]),"+f"(c[3]),"+f"(c[4]),"+f"(c[5]),"+f"(c[6]),"+f"(c[7]):"l"(da+2*k),"l"(db+2*k));
      } else {
        if(RS) asm volatile("wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 {%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31},{%32,%33,%34,%35},%36,1,1,1,0;":"+f"(c[0]),"+f"(c[1]),"+f"(c[2]),"+f"(c[3]),"+f"(c[4]),"+f"(c[5]),"+f"(c[6]),"+f"(c[7]),"+f"(c[8]),"+f"(c[9]),"+f"(c[10]),"+f"(c[11]),"+f"(c[12]),"+f"(c[13]),"+f"(c[14]),"+f"(c[15]),"+f"(c[16]),"+f"(c[17]),"+f"(c[18]),"+f"(c[19]),"+f"(c[20]),"+f"(c[21]),"+f"(c[22]),"+f"(c[23]),"+f"(c[24]),"+f"(c[25]),"+f"(c[26]),"+f"(c[27]),"+f"(c[28]),"+f"(c[29]),"+f"(c[30]),"+f"(c[31]):"r"(a[4*k]),"r"(a[4*k+1]),"r"(a[4*k+2]),"r"(a[4*k+3]),"l"(db+2*k));
        else asm volatile("wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 {%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31},%32,%33,1,1,1,0,0;":"+f"(c[0]),"+f"(c[1]),"+f"(c[2]),"+f"(c[3]),"+f"(c[4]),"+f"(c[5]),"+f"(c[6]),"+f"(c[7]),"+f"(c[8]),"+f"(c[9]),"+f"(c[10]),"+f"(c[11]),"+f"(c[12]),"+f"(c[13]),"+f"(c[14]),"+f"(c[15]),"+f"(c[16]),"+f"(c[17]),"+f"(c[18]),"+f"(c[19]),"+f"(c[20]),"+f"(c[21]),"+f"(c[22]),"+f"(c[23]),"+f"(c[24]),"+f"(c[25]),"+f"(c[26]),"+f"(c[27]),"+f"(c[28]),"+f"(c[29]),"+f"(c[30]),"+f"(c[31]):"l"(da+2*k),"l"(db+2*k));
      }
    }
    asm volatile("wgmma.commit_group.sync.aligned;":::"memory");
    asm volatile("wgmma.wait_group.sync.aligned 0;":::"memory");
  }
  float s=0;
  #pragma unroll
  for(int i=0;i<N/2;i++)s+=c[i];
  out[blockIdx.x*blockDim.x+threadIdx.x]=s;
}
// L2 read bandwidth
__global__ void k_l2(const uint4*p,float*out,int n,int rep){ uint32_t s=0; for(int r=0;r<rep;r++) for(int i=blockIdx.x*blockDim.x+threadIdx.x;i<n;i+=gridDim.x*blockDim.x){ uint4 v; asm volatile("ld.global.cg.v4.u32 {%0,%1,%2,%3},[%4];":"=r"(v.x),"=r"(v.y),"=r"(v.z),"=r"(v.w):"l"(p+i)); s^=v.x^v.y^v.z^v.w;} if(s==123456)out[0]=s; }
template<class F> float ms(F f){ cudaEvent_t a,b; cudaEventCreate(&a);cudaEventCreate(&b); f(); cudaEventRecord(a); f(); cudaEventRecord(b); cudaEventSynchronize(b); CK(cudaGetLastError()); float t; cudaEventElapsedTime(&t,a,b); return t;}
int main(){
  float*out; cudaMalloc(&out,1<<24); const double clk=1.98e9; int it=20000;
  printf("rates per clk and SM at 1.98 GHz (assumed)\n");
  #define MMA(CH,FR) for(int w=4;w<=16;w*=2){ float t=ms([&]{k_mma<CH,FR><<<132,32*w>>>(out,1,it);}); printf("mma.sync chains %d fresh %d warps %d: %.3f mma/clk/SM\n",CH,FR,w,(double)it*CH*w/(t*1e-3)/clk);}
  MMA(1,0) MMA(2,0) MMA(4,0) MMA(8,0) MMA(4,2) MMA(4,4) MMA(1,4)
  for(int w=4;w<=16;w*=2){ float t=ms([&]{k_lop<<<132,32*w>>>(out,1,it);}); printf("lop3 warps %d: %.3f warp-instr/clk/SM\n",w,(double)it*64*w/(t*1e-3)/clk);}
  { float t=ms([&]{k_int<0><<<132,256>>>((int*)out,1,it);}); printf("imma s8 m16n8k32: %.3f /clk/SM\n",(double)it*4*8/(t*1e-3)/clk); }
  { float t=ms([&]{k_int<1><<<132,256>>>((int*)out,1,it);}); printf("bmma m16n8k256: %.3f /clk/SM\n",(double)it*4*8/(t*1e-3)/clk); }
  #define WG(N,RS,FR) { cudaFuncSetAttribute(k_wg<N,RS,FR>,cudaFuncAttributeMaxDynamicSharedMemorySize,98304); for(int g=1;g<=3;g++){ float t=ms([&]{k_wg<N,RS,FR><<<132,128*g,98304>>>(out,1,it);}); printf("wgmma m64n%dk16 %s fresh %d groups %d: %.2f clk/SM each, %.0f FMA/clk/SM\n",N,RS?"RS":"SS",FR,g,(t*1e-3)*clk/((double)it*4*g),(double)it*4*g*64*N*16/((t*1e-3)*clk));} }
  WG(8,1,0) WG(8,1,1) WG(8,0,0) WG(16,1,1) WG(16,0,0) WG(64,1,0) WG(64,1,1) WG(64,0,0)
  uint4*buf; cudaMalloc(&buf,256<<20); cudaMemset(buf,1,256<<20);
  for(int mb=8;mb<=32;mb*=2){ int n=mb*(1<<20)/16; float t=ms([&]{k_l2<<<132*2,1024>>>(buf,out,n,20);}); printf("L2 read of %d MB: %.2f TB/s\n",mb,(double)n*16*20/(t*1e-3)/1e12);}
  return 0;
}
