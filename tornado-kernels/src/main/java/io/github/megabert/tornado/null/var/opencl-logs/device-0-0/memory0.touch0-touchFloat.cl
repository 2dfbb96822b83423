#pragma OPENCL EXTENSION cl_khr_fp64 : enable  
#pragma OPENCL EXTENSION cl_khr_fp16 : enable  
#pragma OPENCL EXTENSION cl_khr_int64_base_atomics : enable  
__kernel void touchFloat(__global long *_kernel_context, __constant uchar *_constant_region, __local uchar *_local_region, __global int *_atomics, __global uchar *array, __global uchar *flag)
{
  int i_2, i_8; 
  float f_7; 
  long l_3, l_5, l_4; 
  ulong ul_6, ul_1, ul_0, ul_9; 

  // BLOCK 0
  ul_0  =  (ulong) array;
  ul_1  =  (ulong) flag;
  i_2  =  get_global_id(0);
  l_3  =  (long) i_2;
  l_4  =  l_3 + 64L;
  l_5  =  l_4 << 2;
  ul_6  =  ul_0 + l_5;
  f_7  =  *((__global float *) ul_6);
  i_8  =  isless(1.0E30F, f_7);
  if(i_8 == 1)
  {
    // BLOCK 1
    ul_9  =  ul_1 + 256L;
    *((__global int *) ul_9)  =  1;
  }  // B0
  else
  {
    // BLOCK 2
  }  // B0
  // BLOCK 3 MERGES [2 1 ]
  return;
}  //  kernel
